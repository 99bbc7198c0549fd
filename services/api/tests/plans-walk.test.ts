import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Principal } from '@tidings/contracts';
import type { JobDocument } from '@tidings/platform';
import fc from 'fast-check';
import { investmentModels, type InvestmentDocument } from '../src/modules/investments/investments.model.js';
import { returnsOf } from '../src/modules/investments/terms.js';
import { createClock, dayMs } from './support/cards.js';
import { createDomain, type Domain } from './support/domain.js';
import { openPlan, planProblems, runDuePlans, type OpenPlan } from './support/plans.js';
import { codesOf } from './support/stalls.js';

const seed = Number(process.env['WALK_SEED'] ?? Date.now() % 2 ** 31);
const purse = 100_000;

const clock = createClock(new Date(Date.now() + 3_600_000));
let domain: Domain;
let steps = 0;
beforeAll(async () => {
  domain = await createDomain({ now: clock.now, env: { PLAN_BATCH_SIZE: '2', PLAN_BATCH_PAUSE_MS: '0' } });
});
afterAll(async () => {
  process.stdout.write(`    ${steps} steps with seed ${seed}\n`);
  await domain.stop();
});

/** What is walked on: some plans that come and go, and people with a purse. */
interface Walk {
  plans: OpenPlan[];
  people: Principal[];
}

type Step = (walk: Walk) => Promise<unknown>;
const nat = fc.nat({ max: 1_000 });
const at = <T>(list: readonly T[], index: number): T => list[index % list.length]!;

/** Refusals are answers as any other; what is not a Problem fails the walk. */
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(nat, nat, fc.integer({ min: 90, max: 4_000 })).map(
      ([plan, who, amount]): Step =>
        (walk) =>
          at(walk.plans, plan).invest(at(walk.people, who), amount),
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        nat,
        fc.record(
          { roi: fc.integer({ min: 0, max: 3_000 }).map((bp) => bp / 100), duration: fc.integer({ min: 1, max: 40 }) },
          { requiredKeys: [] },
        ),
      )
      .map(
        ([plan, change]): Step =>
          (walk) =>
            at(walk.plans, plan).change(change),
      ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(nat, fc.integer({ min: 100, max: 9_000 })).map(
      ([plan, capacity]): Step =>
        (walk) =>
          at(walk.plans, plan).change({ capacity }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(nat, nat, fc.constantFrom('refuse', 'keep', 'refund', 'migrate')).map(
      ([plan, to, investments]): Step =>
        (walk) =>
          at(walk.plans, plan).remove({ investments, ...(investments === 'migrate' ? { to: at(walk.plans, to).id } : {}) }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 1, max: 4 }).map(
      (roi): Step =>
        async (walk) =>
          void walk.plans.push(await openPlan(domain, { roi, duration: roi * 3, capacity: 20_000 })),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.integer({ min: 0, max: 9 }).map(
      (days): Step =>
        async () =>
          clock.forward(days * dayMs),
    ),
  },
  // All that is due; or one job of it, as when the process dies after that.
  { weight: 4, arbitrary: fc.constant<Step>(() => runDuePlans(domain, clock.now())) },
  {
    weight: 4,
    arbitrary: nat.map((index): Step => async () => {
      const due = await domain.mongo.db
        .collection<JobDocument>('jobs')
        .find({ state: 'due', dueAt: { $lte: clock.now() }, kind: { $in: ['maturity', 'plan-terms', 'plan-withdrawal'] } })
        .toArray();
      if (due.length > 0) await runDuePlans(domain, clock.now(), at(due, index));
    }),
  },
);

test('whatever is done with plans, no money comes from nowhere and none is lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 60, size: 'max' }), async (walked) => {
      const walk: Walk = { plans: [await openPlan(domain, { capacity: 30_000 }), await openPlan(domain)], people: [] };
      for (let index = 0; index < 4; index++) walk.people.push(await at(walk.plans, 0).investor(purse));
      for (const [index, work] of walked.entries()) {
        await codesOf([work(walk)]);
        steps++;
        if (index % 10 === 0) expect(await planProblems(domain)).toEqual([]);
      }
      for (let month = 0; month < 3; month++) {
        clock.forward(40 * dayMs);
        await runDuePlans(domain, clock.now());
      }
      expect(await planProblems(domain)).toEqual([]);
      const { investments } = investmentModels(domain.mongo);
      for (const { userId } of walk.people) {
        const made = await investments.find({ userId }).lean<InvestmentDocument[]>();
        expect(made.filter(({ status }) => status === 'ACTIVE')).toEqual([]);
        const earned = made.reduce((sum, one) => sum + (one.status === 'MATURED' ? returnsOf(one) : 0), 0);
        expect((await domain.wallet.wallet.balance(userId)).balance).toBe(purse + earned);
      }
    }),
    { seed, numRuns: 3, endOnFailure: true },
  );
}, 240_000);
