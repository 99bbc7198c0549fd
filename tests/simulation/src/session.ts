import { waitFor } from '@tidings/testing';
import type { Actor, Outcome } from './actor.js';
import { refused, type Fair } from './fair.js';

/** The guest shows the own code, the vendor scans it and asks for an amount, and the guest says yes or no; sometimes the vendor changes its mind. */
export async function payAtTheCounter(guest: Actor, { vendors, meter }: Fair): Promise<void> {
  const { random } = guest;
  const vendor = random.pick(vendors);
  const { body: shown } = await guest.http('GET', '/api/me/qr?format=json');
  const ask = { vendorId: vendor.merchantId, code: shown['code'], amount: random.between(5, 60) * 100, note: 'At the counter' };
  const requested = await meter.time('payment, asked for', () => vendor.emit('request-payment', ask, { keyed: true }));
  if (!requested.ok) return refused(meter, 'asking for a payment', requested.code);
  meter.count('payment requests');
  const paymentRequestId = String(requested.body['id']);
  const note = (what: string, outcome: Outcome): void => {
    if (outcome.ok) meter.count(what);
    else refused(meter, what, outcome.code);
  };
  const decide = (decision: 'accept' | 'decline'): Promise<Outcome> =>
    meter.time('payment, decided', () => guest.emit('payment-decision', { paymentRequestId, decision }, { keyed: true }));
  const withdraw = async (): Promise<void> => {
    if (random.chance(0.2)) note('payments withdrawn', await vendor.emit('cancel-payment', { paymentRequestId }, { keyed: true }));
  };
  const decision = random.chance(0.8) ? 'accept' : 'decline';
  // Both at once: one of them wins.
  const [decided] = await Promise.all([decide(decision), withdraw()]);
  note(decision === 'accept' ? 'payments at the counter' : 'payments declined', decided);
  if (!decided.ok && decided.code === 'insufficient-funds') note('payments declined', await decide('decline'));
  if (!decided.ok || decision === 'decline' || !random.chance(0.4)) return;
  // Something was wrong with it, once it is paid: a part of it goes back.
  const { status } = await waitFor(
    'the payment at the counter',
    () =>
      guest.client
        .of('payment-request-updated')
        .find((told) => told['paymentRequestId'] === paymentRequestId && ends.has(String(told['status']))),
    60_000,
  );
  if (status !== 'captured') return;
  const body = { amount: random.between(1, Math.floor(ask.amount / 2)), reason: 'Spilled' };
  const answer = await meter.time('payment, partly refunded', () =>
    vendor.http('POST', `/api/payment-requests/${paymentRequestId}/refunds`, body),
  );
  if (answer.status === 200) meter.count('refunds at the counter');
  else refused(meter, 'a refund at the counter', String(answer.body['code']));
}

const ends: ReadonlySet<string> = new Set(['captured', 'cancelled', 'expired']);
