import { Problem, type Rehearsal, type RehearsalInput } from '@tidings/contracts';
import { newId, type Mongo } from '@tidings/platform';
import type { Context } from '../../context.js';
import { ledgerSums, walletModels, type Wallet } from '../wallet/index.js';
import type { WebhookProvider } from '../webhooks/index.js';
import { disturb, seeded, type Sent } from './events.js';
import { madeUpEvent, type MadeUpPayment, type PlayedEvent } from './made-up.js';
import { createSandbox, type Sandbox } from './sandbox.js';

type Step = Rehearsal['steps'][number];
type Money = Rehearsal['before'];
type TopUp = NonNullable<Awaited<ReturnType<typeof topUpsOf>>[number]>;

/** What the rehearsal begins with: what the account has now, without what the captured events have brought. */
interface Opening {
  userId: string;
  email: string;
  currency: string;
  balance: number;
  held: number;
  /** Those that the events name, and no others: a user may have very many. */
  topUps: TopUp[];
  events: PlayedEvent[];
  /** The top-up of each event, by the event's name. */
  named: ReadonlyMap<string, string>;
}

/** nginx gives up after 30 s, and the last step has to end before that. */
const longestMs = 25_000;
const mostTopUps = 1_000;
const staleMs = 600_000;
/** Characters of a body that a step shows. With 100 events, each at most four times, the answer stays under 3 MB. */
const shownBody = 2_000;

/**
 * Plays events against a copy of a user's account, twice: disturbed, and as they are in order; both have to come to the same.
 * @throws Problem `not-found` (the user; a delivery that is not of a top-up of that user), `unavailable` past 25 s
 */
export async function rehearse(
  context: Pick<Context, 'config' | 'mongo' | 'logger'> & { wallet: Wallet },
  input: RehearsalInput,
): Promise<Rehearsal> {
  const seed = input.shuffle.seed ?? Math.floor(Math.random() * 2_147_483_647);
  const deadline = Date.now() + longestMs;
  const opening = await open(context, input);
  const plain = opening.events.map((event): Sent => ({ event, how: 'genuine' }));
  const expected = await play(context, opening, plain, deadline);
  const result = await play(context, opening, disturb(opening.events, input.shuffle, seeded(seed)), deadline);
  const { steps, before, after, sums } = result;
  return { id: newId(), userId: input.userId, seed, before, after, steps, sums, sameAsPlain: result.end === expected.end };
}

async function play(
  context: Pick<Context, 'config' | 'mongo' | 'logger'>,
  opening: Opening,
  list: readonly Sent[],
  deadline: number,
): Promise<Pick<Rehearsal, 'steps' | 'before' | 'after' | 'sums'> & { end: string }> {
  const sandbox = await createSandbox(context);
  try {
    await furnish(sandbox, opening);
    const before = await moneyOf(sandbox, opening);
    const steps: Step[] = [];
    for (const sent of list) {
      if (Date.now() > deadline)
        throw new Problem('unavailable', 'The rehearsal took too long; take fewer events', { retryAfterSeconds: 1 });
      steps.push(await send(sandbox, opening, sent));
    }
    await sandbox.wallet.rollUps.run();
    const after = await moneyOf(sandbox, opening);
    const { byCurrency, unbalancedTransfers, differing, negative, heldDiffers } = await ledgerSums(sandbox.mongo);
    const faults = [unbalancedTransfers, differing, negative, heldDiffers].flat().length;
    const sums = { byCurrency, sound: faults === 0 && Object.values(byCurrency).every((sum) => sum === 0) };
    const accounts = await sandbox.mongo.db
      .collection('accounts')
      .find({}, { projection: { balance: 1 } })
      .sort({ _id: 1 })
      .toArray();
    const end = JSON.stringify([after, await shownTopUps(sandbox), accounts]);
    return { steps, before, after, sums, end };
  } finally {
    await sandbox.drop();
  }
}

async function send(sandbox: Sandbox, opening: Opening, { event, how }: Sent): Promise<Step> {
  const { db } = sandbox.mongo;
  const before = await moneyOf(sandbox, opening);
  const topUpsBefore = new Set((await shownTopUps(sandbox)).map((topUp) => JSON.stringify(topUp)));
  const known = new Set(
    (
      await db
        .collection('postings')
        .find({}, { projection: { _id: 1 } })
        .toArray()
    ).map(({ _id }) => String(_id)),
  );
  const told = await db.collection('outbox').countDocuments();
  const at = new Date(Date.now() - (how === 'stale' ? staleMs : 0));
  const headers = sandbox.sources[event.provider].sign(event.body, { id: event.name, at });
  // Something that a thief would change: one more digit in whatever amount there is.
  const body = how === 'tampered' ? event.body.replace(/("amount\w*":\s*)(\d)/, '$1$29') : event.body;
  let answer = 'accepted';
  try {
    await sandbox.webhooks.webhooks.receive(event.provider, Buffer.from(body), headers);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    answer = error.code;
  }
  await sandbox.work();
  const delivery = await db.collection('webhook_deliveries').findOne({ body: event.body });
  const postings = (await db.collection('postings').find().toArray()).filter(({ _id }) => !known.has(String(_id)));
  const emitted = (await db.collection('outbox').find().sort({ at: 1, _id: 1 }).toArray()).slice(told);
  return {
    event: event.name,
    type: event.type,
    how,
    body: body.slice(0, shownBody),
    answer,
    ...(delivery ? { state: String(delivery['state']) } : {}),
    ...(delivery?.['reason'] ? { reason: String(delivery['reason']) } : {}),
    before,
    after: await moneyOf(sandbox, opening),
    topUps: (await shownTopUps(sandbox)).filter(
      (topUp) => topUp.id === opening.named.get(event.name) || !topUpsBefore.has(JSON.stringify(topUp)),
    ),
    postings: postings.map(({ account, amount, type }) => ({ account: String(account), amount: Number(amount), type: String(type) })),
    events: emitted.map(({ type }) => String(type)),
  };
}

async function moneyOf({ wallet }: Sandbox, { userId, currency }: Opening): Promise<Money> {
  const { balance, held } = await wallet.wallet.balance(userId, currency);
  return { balance, held, currency };
}

async function shownTopUps({ mongo }: Sandbox): Promise<Step['topUps']> {
  const found = await walletModels(mongo).topUps.find().sort({ _id: 1 }).lean<TopUp[]>();
  return found.map(({ _id, status, refunded }) => ({ id: _id, status, refunded }));
}

const topUpsOf = (mongo: Mongo, userId: string) =>
  walletModels(mongo).topUps.find({ userId }).sort({ createdAt: -1 }).limit(mostTopUps).lean();

async function open(
  { mongo, config, wallet }: Pick<Context, 'mongo' | 'config'> & { wallet: Wallet },
  input: RehearsalInput,
): Promise<Opening> {
  const { userId } = input;
  const user = await mongo.db.collection<{ _id: string; email: string }>('users').findOne({ _id: userId });
  if (!user) throw new Problem('not-found', 'There is no such user');
  const currency = input.events.find((event) => event.currency)?.currency ?? config.DEFAULT_CURRENCY;
  const { balance, held } = await wallet.balance(userId, currency);
  const topUps = await topUpsOf(mongo, userId);
  const events: PlayedEvent[] = [];
  const rewound = new Set<string>();
  const payments = new Map<string, MadeUpPayment>();
  const named = new Map<string, string>();
  const at = new Date();
  for (const [index, event] of input.events.entries()) {
    if (event.deliveryId) {
      const delivery = await mongo.db
        .collection<{ _id: string; provider: WebhookProvider; type: string; body: string }>('webhook_deliveries')
        .findOne({ _id: event.deliveryId });
      const topUp =
        delivery && topUps.find(({ _id, providerRef }) => [_id, providerRef].some((name) => name && delivery.body.includes(`"${name}"`)));
      if (!delivery || !topUp) throw new Problem('not-found', `There is no delivery ${event.deliveryId} of a top-up of this user`);
      rewound.add(topUp._id);
      const { provider, type, body } = delivery;
      named.set(event.deliveryId, topUp._id);
      events.push({ name: event.deliveryId, provider, type, body });
      continue;
    }
    const { provider = 'stripe', payment: name = 'payment', amount = 1 } = event;
    const key = `${provider}:${name}`;
    const payment = payments.get(key) ?? { topUpId: newId(), paid: amount, currency: event.currency ?? currency };
    if (!payments.has(key)) {
      payments.set(key, payment);
      topUps.push({
        _id: payment.topUpId,
        userId,
        amount,
        currency,
        provider,
        status: 'pending',
        refunded: 0,
        createdAt: at,
      } as TopUp);
    }
    const played = madeUpEvent(event, { place: index, at, payment: { ...payment, currency: event.currency ?? currency } });
    named.set(played.name, payment.topUpId);
    events.push(played);
  }
  // The captured events come anew: what they brought was not there before them. What has been spent of it is taken for given.
  const brought = topUps
    .filter(({ _id, currency: of }) => rewound.has(_id) && of === currency)
    .reduce((sum, { amount, refunded }) => sum + amount - refunded, 0);
  const ofEvents = new Set(named.values());
  const asBefore = topUps
    .filter(({ _id }) => ofEvents.has(_id))
    .map((topUp): TopUp => {
      if (!rewound.has(topUp._id)) return topUp;
      const { creditedAt: _, failureReason: __, ...rest } = topUp;
      return { ...rest, status: 'pending', refunded: 0 } as TopUp;
    });
  return { userId, email: user.email, currency, balance: Math.max(0, balance - brought), held, topUps: asBefore, events, named };
}

/** The wallet's content comes by an adjustment and a hold, so that the copy's ledger is a whole one. */
async function furnish({ mongo, unitOfWork, wallet }: Sandbox, { userId, email, currency, balance, held, topUps }: Opening): Promise<void> {
  await mongo.db.collection<{ _id: string; email: string }>('users').insertOne({ _id: userId, email });
  if (topUps.length > 0) await walletModels(mongo).topUps.insertMany(topUps);
  const content = { key: 'opening', userId, currency, description: 'What the account had' };
  await unitOfWork.run({ actor: null }, async (tx) => {
    if (balance + held > 0) await wallet.wallet.adjust(tx, { ...content, amount: balance + held });
    if (held > 0) await wallet.wallet.hold(tx, { ...content, amount: held });
  });
}
