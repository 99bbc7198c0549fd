import { gather, watchPrimary } from '@tidings/platform';
import type { OrderModels } from './orders.model.js';

const keptMs = 3 * 86_400_000;

/** A number to call out at the counter, taken when the order needs it; asking again answers the same. */
export type PickupTicket = (merchant: { id: string; timeZone: string }) => Promise<number>;

/** A counter that orders are waiting for. */
interface Counter {
  take(order: object): Promise<ReadonlyMap<object, number>>;
  waiting: number;
}

/**
 * Numbers that count up per merchant and day (the merchant's). They are taken outside of the order's transaction: one counter that
 * each order of a merchant writes in its transaction would make all of them conflict, as a merchant's balance would. The price is that
 * an order which fails at the very end leaves a number unused. One ticket serves all attempts of one request under one primary. Orders that come while a
 * counter is being written share its next write: a hundred a second at one stall would queue for it in the database.
 */
export function createPickupNumbers({ pickupCounters }: OrderModels): () => PickupTicket {
  const counters = new Map<string, Counter>();
  const primary = watchPrimary(pickupCounters.db.getClient());

  const open = (_id: string): Counter => ({
    waiting: 0,
    take: gather(async (orders) => {
      const counter = await pickupCounters
        .findOneAndUpdate(
          { _id },
          { $inc: { last: orders.length }, $setOnInsert: { expiresAt: new Date(Date.now() + keptMs) } },
          // Not waiting for the majority: the order that takes the number commits behind it in the oplog, and waits for both.
          { upsert: true, returnDocument: 'after', writeConcern: { w: 1 } },
        )
        .lean<{ last: number }>();
      if (!counter) throw new Error('The pickup counter was neither found nor made');
      const first = counter.last - orders.length + 1;
      return new Map(orders.map((order, index) => [order, first + index]));
    }),
  });

  const next = async (merchant: { id: string; timeZone: string }): Promise<number> => {
    const id = `${merchant.id}:${dayIn(merchant.timeZone, new Date())}`;
    const counter = counters.get(id) ?? open(id);
    counters.set(id, counter);
    counter.waiting++;
    try {
      const order = {};
      return (await counter.take(order)).get(order)!;
    } finally {
      if (--counter.waiting === 0) counters.delete(id);
    }
  };
  return () => {
    let taken: Promise<number> | undefined;
    let takenFrom = primary();
    return (merchant) => {
      // Nobody waited for the majority: what a former primary gave, the next one may give to another order.
      if (takenFrom !== primary()) taken = undefined;
      takenFrom = primary();
      return (taken ??= next(merchant).catch((error: unknown) => {
        taken = undefined; // the next attempt asks again
        throw error;
      }));
    };
  };
}

const days = new Map<string, Intl.DateTimeFormat>();

/** YYYY-MM-DD, which is how Sweden writes a date. Kept per time zone: making one costs more than all else here. */
function dayIn(timeZone: string, time: Date): string {
  const known = days.get(timeZone);
  const day = known ?? new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  if (!known) days.set(timeZone, day);
  return day.format(time);
}
