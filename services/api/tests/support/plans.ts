import type { EventData, PlanChange, PlanInput, PlanWithdrawal, Principal } from '@tidings/contracts';
import type { OutboxEvent } from '@tidings/feed';
import type { ClientSession, JobDocument } from '@tidings/platform';
import { investmentModels, type InvestmentDocument } from '../../src/modules/investments/investments.model.js';
import { planModels, type PlanDocument } from '../../src/modules/plans/plans.model.js';
import { ledgerSums, type AccountDocument } from '../../src/modules/wallet/index.js';
import type { Domain } from './domain.js';
import { surely } from './stalls.js';

/** Does every job of plans and investments that is due by then, and those that come of it: as a process does that was away. @param job this one, whatever was done before */
export async function runDuePlans(domain: Domain, until: Date, job?: JobDocument): Promise<void> {
  const handlers = { ...domain.plans.jobs, ...domain.investments.jobs };
  const jobs = domain.mongo.db.collection<JobDocument>('jobs');
  const run = ({ _id, kind, ...rest }: JobDocument) =>
    handlers[kind]?.({ _id, kind, ...rest }, async (session: ClientSession) => {
      await jobs.updateOne({ _id }, { $set: { state: 'done' } }, { session });
      return true;
    });
  if (job) return run(job);
  const due = await jobs
    .find({ state: 'due', dueAt: { $lte: until }, kind: { $in: Object.keys(handlers) } })
    .sort({ dueAt: 1, _id: 1 })
    .toArray();
  for (const one of due) await run(one);
  if (due.length > 0) await runDuePlans(domain, until);
}

/** A plan in minor units of the default currency, and people who invest in it. */
export interface OpenPlan {
  id: string;
  plan(): Promise<PlanDocument>;
  /** Somebody who has this much, and no more. */
  investor(balance: number): Promise<Principal>;
  invest(who: Principal, amount: number): Promise<InvestmentDocument>;
  change(input: PlanChange): Promise<PlanDocument>;
  remove(withdrawal: PlanWithdrawal): Promise<PlanDocument>;
}

export async function openPlan(domain: Domain, fields: Partial<PlanInput> = {}): Promise<OpenPlan> {
  const { plans, investments } = domain;
  const admin = await domain.person({ roles: ['customer', 'admin'] });
  const by = async <T>({ userId }: Principal, work: Parameters<typeof domain.run<T>>[0]): Promise<T> =>
    surely(async () => (await domain.run(work, userId)).result);
  const { _id: id } = await by(admin, (tx) => plans.plans.create(tx, { name: 'Gold', roi: 10, duration: 30, minAmount: 100, ...fields }));
  return {
    id,
    async plan() {
      const plan = await plans.models.plans.findById(id).lean<PlanDocument>();
      if (!plan) throw new Error(`There is no plan ${id}`);
      return plan;
    },
    async investor(balance) {
      const person = await domain.person();
      if (balance > 0) await domain.fund(person.userId, balance, fields.currency);
      return person;
    },
    invest: (who, amount) => by(who, (tx) => investments.investments.invest(tx, who, id, { amount })),
    change: (input) => by(admin, (tx) => plans.plans.update(tx, id, input)),
    remove: (withdrawal) => by(admin, (tx) => plans.plans.remove(tx, id, withdrawal)),
  };
}

export const investmentOf = async ({ mongo }: Domain, id: string): Promise<InvestmentDocument> =>
  (await investmentModels(mongo).investments.findById(id).lean<InvestmentDocument>())!;

/** What its holder was told of it, in order. */
export async function toldOf({ mongo }: Domain, id: string): Promise<EventData<'investment-updated'>[]> {
  const found = await mongo.db
    .collection<OutboxEvent>('outbox')
    .find({ type: 'investment-updated', 'data.investmentId': id })
    .sort({ 'data.version': 1 })
    .toArray();
  return found.map(({ data }) => data as EventData<'investment-updated'>);
}

/** What is wrong with the money, and with what plans say is invested in them: nothing. */
export async function planProblems({ mongo, wallet }: Domain): Promise<unknown[]> {
  await wallet.rollUps.run();
  const { byCurrency, ...sums } = await ledgerSums(mongo);
  const problems: unknown[] = [...Object.entries(byCurrency).filter(([, sum]) => sum !== 0), ...Object.values(sums).flat()];
  const active = await investmentModels(mongo)
    .investments.aggregate<{ _id: string; amount: number; count: number; currency: string }>()
    .match({ status: 'ACTIVE' })
    .group({ _id: '$planId', amount: { $sum: '$amount' }, count: { $sum: 1 }, currency: { $first: '$currency' } });
  const byPlan = new Map(active.map((row) => [row._id, row]));
  for (const plan of await planModels(mongo).plans.find().lean<PlanDocument[]>()) {
    const { amount = 0, count = 0 } = byPlan.get(plan._id) ?? {};
    if (plan.invested !== amount || plan.active !== count)
      problems.push({ plan: plan._id, says: [plan.invested, plan.active], has: [amount, count] });
    if (plan.capacity !== null && plan.invested + plan.reserved > plan.capacity) problems.push({ plan: plan._id, over: plan.invested });
  }
  const principal = await mongo.db.collection<AccountDocument>('accounts').findOne({ _id: 'system:plan-principal:INR' });
  const invested = active.reduce((sum, { amount, currency }) => sum + (currency === 'INR' ? amount : 0), 0);
  if ((principal?.balance ?? 0) !== invested) problems.push({ principal: principal?.balance, invested });
  return problems;
}
