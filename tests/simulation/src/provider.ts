import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { postStripeEvent, stripeDispute, stripeEvent, type Random } from '@tidings/testing';
import type { Meter } from './meter.js';

/** The payment provider: it tells of each payment by signed events, and tells it badly, as providers do. */
export interface Provider {
  /** A payment was made: its events go out, some doubled, some late, some in the wrong order, without anybody waiting for them. */
  paid(topUp: { id: string; amount: number; currency: string }): void;
  /** How the bank decided on each top-up that it disputed. */
  readonly verdicts: ReadonlyMap<string, 'won' | 'lost'>;
  /** Resolves when every event is out. */
  drained(): Promise<void>;
}

/** https://docs.stripe.com/api/charges/object, cut to what matters; `amount_refunded` is what was given back in all. */
function refundEvent({ id, amount, currency }: { id: string; amount: number; currency: string }, refunded: number): string {
  return JSON.stringify({
    id: `evt_${randomBytes(12).toString('hex')}`,
    object: 'event',
    type: 'charge.refunded',
    data: {
      object: {
        id: `ch_${id}`,
        object: 'charge',
        amount,
        amount_refunded: refunded,
        currency: currency.toLowerCase(),
        payment_intent: `pi_${id}`,
        metadata: { topUpId: id },
      },
    },
  });
}

export function createProvider(options: { url: string; secret: string; random: Random; meter: Meter; maxDelayMs: number }): Provider {
  const { url, secret, random, meter, maxDelayMs } = options;
  const open = new Set<Promise<void>>();
  const verdicts = new Map<string, 'won' | 'lost'>();

  const post = async (event: string): Promise<void> => {
    for (;;) {
      const { status } = await meter.time('webhook, answered', () => postStripeEvent(url, secret, event));
      meter.count('webhook posts');
      if (status < 300) return;
      if (status !== 503 && status !== 429) throw new Error(`A webhook answered ${status}`);
      await pause(250); // Stripe tries again, later than this
    }
  };

  const tell = async (topUp: { id: string; amount: number; currency: string }): Promise<void> => {
    const { id: topUpId, amount, currency } = topUp;
    const success = stripeEvent({ topUpId, amount, currency });
    const events = [success];
    if (random.chance(0.1)) {
      // The first attempt failed; the news of it may come before or after that of the second.
      events.push(stripeEvent({ topUpId, amount, currency, type: 'payment_intent.payment_failed' }));
      meter.count('top-ups that failed first');
    }
    const fate = random.next();
    if (fate < 0.08) {
      events.push(refundEvent(topUp, random.between(1, Math.floor(amount / 2))));
      meter.count('refunds by the provider');
    } else if (fate < 0.16) {
      // The bank takes it back, or a part of it, and decides in the end: sometimes before anybody hears of the dispute.
      const verdict = random.pick(['won', 'lost'] as const);
      const disputed = { topUpId, currency, amount: random.between(Math.floor(amount / 2), amount) };
      events.push(stripeDispute(disputed), stripeDispute({ ...disputed, status: verdict }));
      verdicts.set(topUpId, verdict);
      meter.count('disputes');
    }
    if (events.length > 1 && random.chance(0.5)) {
      events.reverse();
      meter.count('webhooks out of order');
    }
    if (random.chance(0.2)) {
      events.push(success);
      meter.count('webhooks doubled');
    }
    const late = random.chance(0.25);
    if (late) meter.count('webhooks delayed');
    await pause(late ? random.between(maxDelayMs / 4, maxDelayMs) : random.between(0, 50));
    // At once: which of them is done first is for the API to settle.
    await Promise.all(events.map(post));
  };

  return {
    paid(topUp) {
      const telling = tell(topUp)
        .catch((error: unknown) => meter.fault(`the provider could not tell of ${topUp.id}: ${String(error)}`))
        .finally(() => open.delete(telling));
      open.add(telling);
    },
    verdicts,
    async drained() {
      while (open.size > 0) await Promise.all(open);
    },
  };
}
