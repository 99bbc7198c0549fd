import {
  Problem,
  programBody,
  rewardBody,
  type PointsInput,
  type Principal,
  type ProgramInput,
  type RewardInput,
} from '@tidings/contracts';
import type { OutboxEvent } from '@tidings/feed';
import { newId, type ClientSession, type JobDocument } from '@tidings/platform';
import { createCodes, passing } from '../../src/codes/codes.js';
import { pointsBooks, type CardDocument, type PointsDocument, type ProgramDocument } from '../../src/modules/loyalty/index.js';
import type { RedemptionDocument, RewardDocument } from '../../src/modules/loyalty/loyalty.model.js';
import { mostWaiting } from '../../src/modules/loyalty/points.js';
import { ledgerSums } from '../../src/modules/wallet/index.js';
import type { Domain } from './domain.js';

export const dayMs = 86_400_000;

/** The clock of a domain, which tests put forward. `from`: it stands still between. */
export function createClock(from?: Date) {
  let aheadMs = 0;
  return { now: () => new Date((from?.getTime() ?? Date.now()) + aheadMs), forward: (ms: number) => void (aheadMs += ms) };
}

/** A merchant with a member and a program, and a customer with a card in it. */
export interface OpenCard {
  merchantId: string;
  member: Principal;
  customer: Principal;
  program: ProgramDocument;
  card(): Promise<CardDocument>;
  /** By hand. */
  give(delta: PointsInput['delta'], reason?: string): Promise<PointsDocument>;
  decide(id: string, decision: 'accept' | 'decline', by?: Principal): Promise<PointsDocument>;
  reverse(id: string, by?: Principal): Promise<PointsDocument>;
  offer(fields?: Partial<RewardInput>): Promise<RewardDocument>;
  redeem(rewardId: string): Promise<RedemptionDocument>;
  /** What the customer's app shows now. */
  codeOf(redemptionId: string): string;
  confirm(code: string, by?: Principal): Promise<RedemptionDocument>;
  cancel(id: string, by?: Principal): Promise<RedemptionDocument>;
  /** The customer leaves, and joins again. */
  close(): Promise<readonly OutboxEvent[]>;
  reopen(): Promise<void>;
  entries(): Promise<PointsDocument[]>;
  /** Somebody else's, in the same program. */
  another(customer: Principal): Promise<OpenCard>;
}

export interface CardOptions {
  timeZone?: string;
  now?: () => Date;
  /** At the same merchant, in another program of it, unless one is given. */
  beside?: Pick<OpenCard, 'merchantId' | 'member'>;
  program?: ProgramDocument;
  customer?: Principal;
}

export async function openCard(domain: Domain, settings: Partial<ProgramInput> = {}, options: CardOptions = {}): Promise<OpenCard> {
  const { loyalty } = domain;
  const { timeZone = 'UTC', now = () => new Date(), beside } = options;
  const merchantId = beside?.merchantId ?? (await openMerchant(domain, timeZone));
  const member = beside?.member ?? (await domain.person({ merchants: [merchantId] }));
  const customer = options.customer ?? (await domain.person());
  const { userId } = customer;
  const body = programBody.parse({ name: `Friends ${newId()}`, ...settings });
  const program = options.program ?? (await domain.run((tx) => loyalty.programs.create(tx, member, merchantId, body))).result;
  const open = async () => (await domain.run((tx) => loyalty.cards.open(tx, program, { userId, name: 'Asha' }))).result;
  const first = await open();
  const codes = createCodes(domain.config.jwtKeys);
  const { pointsService, redemptions, rewards } = loyalty;
  const by = async <T>({ userId: actor }: Principal, work: Parameters<typeof domain.run<T>>[0]): Promise<T> =>
    (await domain.run(work, actor)).result;

  return {
    merchantId,
    member,
    customer,
    program,
    card: async () => (await loyalty.cards.of(userId, program._id)) ?? first,
    give: async (delta, reason = 'By hand') =>
      answered(await by(member, (tx) => pointsService.byHand(tx, member, first._id, { delta, reason }))).entry,
    decide: async (id, decision, who = customer) => (await by(who, (tx) => pointsService.decide(tx, who, id, decision))).entry,
    reverse: async (id, who = member) => (await by(who, (tx) => pointsService.reverse(tx, who, id, 'A mistake'))).entry,
    offer: (fields = {}) =>
      by(member, (tx) =>
        rewards.create(tx, member, merchantId, rewardBody.parse({ programId: program._id, name: 'Chai', cost: 50, ...fields })),
      ),
    redeem: async (rewardId) => (await by(customer, (tx) => redemptions.request(tx, customer, first._id, rewardId))).redemption,
    codeOf: (redemptionId) => codes.sign({ kind: 'redemption', redemptionId, ...passing(now()) }),
    confirm: (code, who = member) => by(who, (tx) => redemptions.confirm(tx, who, merchantId, code)),
    cancel: (id, who = customer) => by(who, (tx) => redemptions.cancel(tx, who, id)),
    close: async () => (await domain.run((tx) => loyalty.cards.close(tx, userId, program._id), userId)).events,
    reopen: async () => void (await open()),
    another: (other) => openCard(domain, {}, { ...options, beside: { merchantId, member }, program, customer: other }),
    entries: () => loyalty.models.points.find({ cardId: first._id }).sort({ createdAt: 1, _id: 1 }).lean<PointsDocument[]>(),
  };
}

/** What was answered; a refusal that was kept with its alert is none. */
export function answered<T>(answer: T | Problem): T {
  if (answer instanceof Problem) throw answer;
  return answer;
}

async function openMerchant(domain: Domain, timeZone: string): Promise<string> {
  const input = { name: `Chai House ${newId()}`, ownerName: 'Ravi', email: `${newId()}@example.com`, timeZone };
  return (await domain.run((tx) => domain.merchants.merchants.create(tx, input))).result._id;
}

/** Does every job of loyalty that is due by then, in the order of their times, and those that come of it: as a process does that was away. */
export async function runDue(domain: Domain, until: Date): Promise<void> {
  const { jobs: handlers = {} } = domain.loyalty;
  const jobs = domain.mongo.db.collection<JobDocument>('jobs');
  const due = await jobs
    .find({ state: 'due', dueAt: { $lte: until }, kind: { $in: Object.keys(handlers) } })
    .sort({ dueAt: 1, _id: 1 })
    .toArray();
  for (const job of due) await runJob(domain, job);
  if (due.length > 0) await runDue(domain, until);
}

/** Once more, whatever was done before: what a queue does that forgets. */
export async function runJob(domain: Domain, job: JobDocument): Promise<void> {
  const jobs = domain.mongo.db.collection<JobDocument>('jobs');
  await domain.loyalty.jobs?.[job.kind]?.(job, async (session: ClientSession) => {
    await jobs.updateOne({ _id: job._id }, { $set: { state: 'done' } }, { session });
    return true;
  });
}

/** As many changes as may wait on a card, after one that does. */
export async function fillWaiting({ loyalty: { models } }: Domain, cardId: string): Promise<void> {
  const one = await models.points.findOne({ cardId, status: 'pending' }).orFail().lean<PointsDocument>();
  await models.points.insertMany(Array.from({ length: mostWaiting - 1 }, () => ({ ...one, _id: newId() })));
}

/** What is wrong with the ledger of points: nothing. */
export async function pointsProblems(domain: Domain): Promise<unknown[]> {
  await domain.loyalty.rollUps.run();
  const { byCurrency, ...sums } = await ledgerSums(domain.mongo, pointsBooks);
  return [...Object.entries(byCurrency).filter(([, sum]) => sum !== 0), ...Object.values(sums).flat()];
}
