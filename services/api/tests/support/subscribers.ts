import type { Principal, SubscriptionUpdate } from '@tidings/contracts';
import { newId, type JobDocument } from '@tidings/platform';
import type { InvoiceDocument } from '../../src/modules/subscriptions/invoices.model.js';
import type { SubscriptionDocument } from '../../src/modules/entitlements/index.js';
import { ledgerSums } from '../../src/modules/wallet/index.js';
import type { Domain } from './domain.js';

/** A merchant with an owner, and what its subscription comes to. */
export interface Subscriber {
  merchantId: string;
  owner: Principal;
  now(): Promise<SubscriptionDocument>;
  renew(input?: { plan?: 'basic' | 'premium' | 'enterprise'; autoRenew?: boolean }, by?: Principal): Promise<SubscriptionDocument>;
  changePlan(plan: 'basic' | 'premium' | 'enterprise'): Promise<SubscriptionDocument>;
  cancel(): Promise<SubscriptionDocument>;
  resume(): Promise<SubscriptionDocument>;
  set(input: SubscriptionUpdate): Promise<SubscriptionDocument>;
  balance(): Promise<number>;
  invoices(): Promise<InvoiceDocument[]>;
  /** The reasons that were told, in order. */
  told(): Promise<string[]>;
  /** Its turns of the clock, the one of its present version alone unless all are asked for. */
  turns(): Promise<JobDocument[]>;
}

export async function openSubscriber(domain: Domain, options: { timeZone?: string; balance?: number } = {}): Promise<Subscriber> {
  const { timeZone = 'UTC', balance = 0 } = options;
  const fields = { name: `Zarya ${newId()}`, ownerName: 'Ravi', email: `${newId()}@example.com`, timeZone };
  const { result: merchant } = await domain.run((tx) => domain.merchants.merchants.create(tx, fields));
  const merchantId = merchant._id;
  const owner = await domain.person({ merchants: [merchantId] });
  if (balance > 0) await domain.fund(owner.userId, balance);
  const { subscriptions } = domain.subscriptions;
  const by = async <T>(work: Parameters<typeof domain.run<T>>[0], who = owner): Promise<T> => (await domain.run(work, who.userId)).result;
  return {
    merchantId,
    owner,
    now: () => subscriptions.get(owner, merchantId),
    renew: ({ plan, autoRenew = true } = {}, who = owner) =>
      by((tx) => subscriptions.renew(tx, who, merchantId, { plan, autoRenew, paymentMethod: 'wallet' }), who),
    changePlan: (plan) => by((tx) => subscriptions.changePlan(tx, owner, merchantId, plan)),
    cancel: () => by((tx) => subscriptions.cancel(tx, owner, merchantId)),
    resume: () => by((tx) => subscriptions.resume(tx, owner, merchantId)),
    set: (input) => by((tx) => subscriptions.update(tx, merchantId, input)),
    balance: async () => (await domain.wallet.wallet.balance(owner.userId)).balance,
    invoices: async () => (await domain.subscriptions.invoices.list(owner, merchantId, { limit: 50 })).page.toReversed(),
    async told() {
      const found = await domain.mongo.db
        .collection<{ data: { reason: string; version: number } }>('outbox')
        .find({ type: 'subscription-updated', 'data.merchantId': merchantId })
        .sort({ 'data.version': 1 })
        .toArray();
      return found.map(({ data }) => data.reason);
    },
    turns: () =>
      domain.mongo.db
        .collection<JobDocument>('jobs')
        .find({ kind: 'subscription-turn', 'data.merchantId': merchantId })
        .sort({ 'data.version': 1 })
        .toArray(),
  };
}

/** A clock that stands where it is set. */
export function createStillClock(from: string) {
  let time = new Date(from);
  return { now: () => time, set: (to: string | Date) => void (time = new Date(to)) };
}

export type StillClock = ReturnType<typeof createStillClock>;

/** The turns that are due one after the other, each at its own time: as a process does that is there. Ends at `until`. */
export async function passTime(domain: Domain, clock: StillClock, until: string): Promise<void> {
  const end = new Date(until);
  const [job] = await dueTurns(domain, end);
  if (!job) return clock.set(end);
  if (job.dueAt > clock.now()) clock.set(job.dueAt);
  await runTurn(domain, job);
  await passTime(domain, clock, until);
}

/** The same when nobody was there: all of them at `until`. */
export async function wakeUp(domain: Domain, clock: StillClock, until: string): Promise<void> {
  clock.set(until);
  const due = await dueTurns(domain, clock.now());
  for (const job of due) await runTurn(domain, job);
  if (due.length > 0) await wakeUp(domain, clock, until);
}

async function dueTurns(domain: Domain, until: Date): Promise<JobDocument[]> {
  const kind = { $in: Object.keys(domain.subscriptions.jobs ?? {}) };
  return domain.mongo.db
    .collection<JobDocument>('jobs')
    .find({ state: 'due', dueAt: { $lte: until }, kind })
    .sort({ dueAt: 1, _id: 1 })
    .toArray();
}

/** Once more, whatever was done before: what a queue does that forgets. */
export async function runTurn(domain: Domain, job: JobDocument): Promise<void> {
  const jobs = domain.mongo.db.collection<JobDocument>('jobs');
  await domain.subscriptions.jobs?.[job.kind]?.(job, async (session) => {
    await jobs.updateOne({ _id: job._id }, { $set: { state: 'done' } }, { session });
    return true;
  });
}

/** What is wrong with the books: nothing. And what the house has been paid. */
export async function books(domain: Domain): Promise<{ problems: unknown[]; revenue: number }> {
  await domain.wallet.rollUps.run();
  const { byCurrency, ...sums } = await ledgerSums(domain.mongo);
  const account = await domain.mongo.db
    .collection<{ _id: string; balance: number }>('accounts')
    .findOne({ _id: 'system:subscription-revenue:INR' });
  return {
    problems: [...Object.entries(byCurrency).filter(([, sum]) => sum !== 0), ...Object.values(sums).flat()],
    revenue: account?.balance ?? 0,
  };
}
