import { Problem, type Rehearsal, type RehearsalInput } from '@tidings/contracts';
import { collections, type OutboxEvent } from '@tidings/feed';
import { newId } from '@tidings/platform';
import type { Context } from '../../context.js';
import { ledgerSums, walletModels, type PostingDocument, type TopUpDocument } from '../wallet/index.js';
import { webhookModels, type DeliveryDocument } from '../webhooks/index.js';
import { disturb, seeded, type Sent } from './events.js';
import { furnish, openingOf, type Opening, type OpeningDeps } from './opening.js';
import { createSandbox, type Sandbox } from './sandbox.js';

type Step = Rehearsal['steps'][number];
type Money = Rehearsal['before'];

/** nginx gives up after 30 s, and the last step has to end before that. */
const longestMs = 25_000;
const staleMs = 600_000;
/** Characters of a body that a step shows. With 100 events, each at most four times, the answer stays under 3 MB. */
const shownBody = 2_000;

/**
 * Plays events against a copy of a user's account, twice: disturbed, and as they are in order; both have to come to the same.
 * @throws Problem `not-found` (the user; a delivery that is not of a top-up of that user), `unavailable` past 25 s
 */
export async function rehearse(context: Pick<Context, 'logger'> & OpeningDeps, input: RehearsalInput): Promise<Rehearsal> {
  const seed = input.shuffle.seed ?? Math.floor(Math.random() * 2_147_483_647);
  const deadline = Date.now() + longestMs;
  const opening = await openingOf(context, input);
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
    const accounts = await walletModels(sandbox.mongo).accounts.find({}, { balance: 1 }).sort({ _id: 1 }).lean();
    const end = JSON.stringify([after, await shownTopUps(sandbox), accounts]);
    return { steps, before, after, sums, end };
  } finally {
    await sandbox.drop();
  }
}

async function send(sandbox: Sandbox, opening: Opening, { event, how }: Sent): Promise<Step> {
  const { postings } = walletModels(sandbox.mongo);
  const outbox = sandbox.mongo.db.collection<OutboxEvent>(collections.outbox);
  const before = await moneyOf(sandbox, opening);
  const topUpsBefore = new Set((await shownTopUps(sandbox)).map((topUp) => JSON.stringify(topUp)));
  const known = new Set((await postings.find({}, { _id: 1 }).lean<PostingDocument[]>()).map(({ _id }) => _id));
  const told = await outbox.countDocuments();
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
  const delivery = await webhookModels(sandbox.mongo).deliveries.findOne({ body: event.body }).lean<DeliveryDocument>();
  const posted = (await postings.find().lean<PostingDocument[]>()).filter(({ _id }) => !known.has(_id));
  const emitted = (await outbox.find().sort({ at: 1, _id: 1 }).toArray()).slice(told);
  return {
    event: event.name,
    type: event.type,
    how,
    body: body.slice(0, shownBody),
    answer,
    ...(delivery ? { state: delivery.state } : {}),
    ...(delivery?.reason ? { reason: delivery.reason } : {}),
    before,
    after: await moneyOf(sandbox, opening),
    topUps: (await shownTopUps(sandbox)).filter(
      (topUp) => topUp.id === opening.named.get(event.name) || !topUpsBefore.has(JSON.stringify(topUp)),
    ),
    postings: posted.map(({ account, amount, type }) => ({ account, amount, type })),
    events: emitted.map(({ type }) => type),
  };
}

async function moneyOf({ wallet }: Sandbox, { userId, currency }: Opening): Promise<Money> {
  const { balance, held } = await wallet.wallet.balance(userId, currency);
  return { balance, held, currency };
}

async function shownTopUps({ mongo }: Sandbox): Promise<Step['topUps']> {
  const found = await walletModels(mongo).topUps.find().sort({ _id: 1 }).lean<TopUpDocument[]>();
  return found.map(({ _id, status, refunded }) => ({ id: _id, status, refunded }));
}
