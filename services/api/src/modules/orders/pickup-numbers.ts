import type { OrderModels } from './orders.model.js';

const keptMs = 3 * 86_400_000;

/** A number to call out at the counter, taken when the order needs it; asking again answers the same. */
export type PickupTicket = (merchant: { id: string; timeZone: string }) => Promise<number>;

/**
 * Numbers that count up per merchant and day (the merchant's). They are taken outside of the order's transaction: one counter that
 * each order of a merchant writes in its transaction would make all of them conflict, as a merchant's balance would. The price is that
 * an order which fails at the very end leaves a number unused. One ticket serves all attempts of one request.
 */
export function createPickupNumbers({ pickupCounters }: OrderModels): () => PickupTicket {
  const next = async (merchant: { id: string; timeZone: string }): Promise<number> => {
    const now = new Date();
    const counter = await pickupCounters
      .findOneAndUpdate(
        { _id: `${merchant.id}:${dayIn(merchant.timeZone, now)}` },
        { $inc: { last: 1 }, $setOnInsert: { expiresAt: new Date(now.getTime() + keptMs) } },
        { upsert: true, returnDocument: 'after' },
      )
      .lean<{ last: number }>();
    if (!counter) throw new Error('The pickup counter was neither found nor made');
    return counter.last;
  };
  return () => {
    let taken: Promise<number> | undefined;
    return (merchant) =>
      (taken ??= next(merchant).catch((error: unknown) => {
        taken = undefined; // the next attempt asks again
        throw error;
      }));
  };
}

/** YYYY-MM-DD, which is how Sweden writes a date. */
function dayIn(timeZone: string, time: Date): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(time);
}
