import type { Actor, Outcome } from './actor.js';
import { refused, type Fair } from './fair.js';

/** Scans what hangs at a stall, looks at what it would cost, and confirms: over the socket as apps do, or over HTTP. */
export async function payByCode(guest: Actor, { vendors, meter }: Fair): Promise<void> {
  const { random } = guest;
  const vendor = random.pick(vendors);
  const item = random.pick(vendor.items);
  const rotating = random.chance(0.5);
  // The one for a fixed price is on the vendor's screen, and is another for each customer.
  const shown = rotating
    ? await vendor.http('GET', `/api/merchants/${vendor.merchantId}/qr?itemId=${item.id}&format=json`)
    : await guest.http('GET', `/api/merchants/${vendor.merchantId}/qr?format=json`);
  if (shown.status !== 200) return refused(meter, 'a code', String(shown.body['code']));
  const { code } = shown.body;
  const resolved = await meter.time('code, resolved', () => guest.emit('resolve-code', { code }));
  if (!resolved.ok) return refused(meter, 'resolving a code', resolved.code);
  const price = rotating ? Number(resolved.body['price']) : item.price;
  const body = { code, price, ...(rotating ? {} : { items: [{ itemId: item.id, quantity: 1 }] }) };
  const confirm = (): Promise<Outcome> => guest.emit('pay-by-code', body, { keyed: true });
  const paid = await meter.time('code, paid', () => (random.chance(0.5) ? confirm() : overHttp(guest, body)));
  if (!paid.ok) return refused(meter, 'paying by a code', paid.code);
  meter.count('orders');
  meter.count('payments by code');
  if (!rotating || !random.chance(0.3)) return;
  // Somebody presses twice, and the app makes a new payment of it.
  const again = await confirm();
  if (again.ok) meter.fault('a code was paid twice');
  else if (again.code === 'code-used') meter.count('replayed codes refused');
  else refused(meter, 'a replayed code', again.code);
}

async function overHttp(guest: Actor, body: object): Promise<Outcome> {
  const answer = await guest.http('POST', '/api/payments/qr', body);
  return answer.status === 201 ? { ok: true, body: answer.body } : { ok: false, code: String(answer.body['code']) };
}
