import type { Mongo } from '@tidings/platform';
import type { Actor } from './actor.js';
import type { People } from './people.js';

/** Whose each thing is, from the documents themselves: how events are addressed is what is being judged. */
interface Truth {
  /** Order or payment request → its customer and its merchant. */
  things: ReadonlyMap<string, { userId: string; vendorId: string }>;
  /** Top-ups, notifications → their user. */
  owners: ReadonlyMap<string, string>;
  /** Event → the feeds that it was written for. */
  feeds: ReadonlyMap<string, ReadonlySet<string>>;
}

async function readTruth({ db }: Pick<Mongo, 'db'>): Promise<Truth> {
  const all = async <T>(collection: string, projection: Record<string, 1>): Promise<({ _id: string } & T)[]> =>
    (await db.collection(collection).find({}, { projection }).toArray()) as unknown as ({ _id: string } & T)[];
  const [orders, requests, topUps, notifications, events] = await Promise.all([
    all<{ userId: string; vendorId: string }>('orders', { userId: 1, vendorId: 1 }),
    all<{ userId: string; vendorId: string }>('payment_requests', { userId: 1, vendorId: 1 }),
    all<{ userId: string }>('topups', { userId: 1 }),
    all<{ userId: string }>('notifications', { userId: 1 }),
    all<{ feeds: (string | { feed: string })[] }>('outbox', { feeds: 1 }),
  ]);
  return {
    things: new Map([...orders, ...requests].map(({ _id, userId, vendorId }) => [_id, { userId, vendorId }])),
    owners: new Map([...topUps, ...notifications].map(({ _id, userId }) => [_id, userId])),
    feeds: new Map(
      events.map(({ _id, feeds }) => [_id, new Set(feeds.map((target) => (typeof target === 'string' ? target : target.feed)))]),
    ),
  };
}

type Fields = Record<string, unknown>;

/** Their `userId` is whichever party acted. */
const ofBoth: ReadonlySet<string> = new Set(['typing', 'order-messages-read']);

/** Why this payload is none of this person's business; undefined when it is. */
function strangeness(truth: Truth, who: Actor & { merchantId?: string }, type: string, payload: Fields): string | undefined {
  const { id, merchantId } = who;
  const thing = truth.things.get(String(payload['orderId'] ?? payload['paymentRequestId']));
  const mine = thing ? thing.userId === id || (merchantId !== undefined && thing.vendorId === merchantId) : true;
  if (!mine) return `of an order of ${thing!.userId} at ${thing!.vendorId}`;
  for (const field of ['topUpId', 'notificationId']) {
    const owner = truth.owners.get(String(payload[field]));
    if (owner !== undefined && owner !== id) return `of a ${field} of ${owner}`;
  }
  const userId = payload['userId'];
  if (typeof userId === 'string' && userId !== id && !(thing && (merchantId !== undefined || ofBoth.has(type))))
    return `of the user ${userId}`;
  const vendorId = payload['merchantId'];
  if (type === 'balance-updated' && typeof vendorId === 'string' && vendorId !== merchantId) return `of the merchant ${vendorId}`;
  return undefined;
}

const publicFeed = /^(?:plans|merchants|announcements(?::[a-z]+)?|merchant:[^:]+:menu)$/;

/** Looks at every event that every guest and vendor got, and whether it was theirs to see. Administrators may see everything. */
export async function checkStrangers(
  mongo: Pick<Mongo, 'db'>,
  { guests, vendors, admins }: People,
): Promise<{ faults: string[]; checked: number }> {
  const truth = await readTruth(mongo);
  const faults: string[] = [];
  let checked = 0;
  for (const who of [...guests, ...vendors] as (Actor & { merchantId?: string })[]) {
    const own = new Set([`user:${who.id}`, ...(who.merchantId === undefined ? [] : [`merchant:${who.merchantId}`])]);
    for (const { type, payload } of who.client.received) {
      if (type === 'connected' || type === 'connect_error' || type === 'error') continue;
      checked++;
      const meta = payload?.meta;
      if (meta && publicFeed.test(meta.feed)) continue;
      const orderFeed = meta && /^order:(.+)$/.exec(meta.feed)?.[1];
      const follows = !meta || own.has(meta.feed) || (orderFeed !== undefined && truth.things.get(orderFeed ?? '')?.userId === who.id);
      const why = follows ? strangeness(truth, who, type, payload) : `of the feed ${meta.feed}`;
      if (why) faults.push(`${who.name} saw ${type} ${why}`);
    }
  }
  for (const { name, client } of [...guests, ...vendors, ...admins]) {
    for (const { type, payload } of client.received) {
      const meta = payload?.meta;
      if (meta && !truth.feeds.get(meta.id)?.has(meta.feed)) faults.push(`${name} got ${type} in ${meta.feed}, where nobody had put it`);
    }
  }
  return { faults, checked };
}
