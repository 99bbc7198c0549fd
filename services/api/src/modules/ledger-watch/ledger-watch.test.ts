import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createMetrics } from '@tidings/platform';
import { waitFor } from '@tidings/testing';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { createPeriodic } from '../../periodic.js';
import { createLedgerChecks, exposeLedgerChecks } from './ledger-checks.js';

describe('ledger watch', () => {
  let domain: Domain;
  beforeAll(async () => {
    domain = await createDomain({ jobs: 'running' });
  });
  afterAll(() => domain.stop());

  const errors: unknown[] = [];
  const checksOf = () =>
    createLedgerChecks({ mongo: domain.mongo, logger: { ...domain.logger, error: (fields: unknown) => errors.push(fields) } as never });

  test('each replica shows what one of them found, and a fault is an error in the log', async () => {
    const { userId } = await domain.person();
    await domain.fund(userId, 500);
    await domain.wallet.rollUps.run();
    const replica = createMetrics();
    exposeLedgerChecks({ mongo: domain.mongo, metrics: replica });
    const shown = async () => replica.registry.metrics();
    expect(await shown()).not.toMatch(/tidings_ledger_sum\{/);

    expect(await checksOf().run(new Date(0))).toMatchObject({ sound: true, byCurrency: [{ currency: 'INR', sum: 0 }] });
    expect(await shown()).toMatch(/tidings_ledger_sum\{currency="INR"\} 0/);
    expect(await shown()).toMatch(/tidings_ledger_negative_accounts 0/);
    expect(errors).toEqual([]);

    await domain.mongo.db.collection('postings').updateOne({ account: `user:${userId}:INR` }, { $inc: { amount: 7 } });
    expect(await checksOf().run(new Date(3_600_000))).toMatchObject({ sound: false, unbalanced: 1, differing: 1 });
    expect(await shown()).toMatch(/tidings_ledger_sum\{currency="INR"\} 7/);
    expect(await shown()).toMatch(/tidings_ledger_unbalanced_transfers 1/);
    expect(errors).toMatchObject([{ byCurrency: { INR: 7 } }]);
  });

  test('points are looked at, too', async () => {
    const facts = {
      type: 'manual',
      description: 'past the ledger',
      cardId: 'c',
      account: 'user:u:program',
      transferId: 't',
      currency: 'program',
    };
    await domain.mongo.db
      .collection<{ _id: string; [field: string]: unknown }>('points_postings')
      .insertOne({ ...facts, _id: 'p', amount: 5, at: new Date() });
    const { byCurrency, sound } = await checksOf().run(new Date(7_200_000));
    expect({ sound, points: byCurrency.find(({ currency }) => currency === 'points')?.sum }).toEqual({ sound: false, points: 5 });
  });

  test('what comes by the clock is added once by several replicas, done once, and followed by the next', async () => {
    const kind = 'by-the-clock';
    const jobs = domain.mongo.db.collection('jobs');
    const done: number[] = [];
    const replica = () =>
      createPeriodic({
        kind,
        periodMs: 3_600_000,
        mongo: domain.mongo,
        unitOfWork: domain.unitOfWork,
        work: async ({ from }) => void done.push(from.getTime()),
      });
    const replicas = [replica(), replica(), replica()];
    domain.jobs.register(kind, replicas[0]!.handler);
    await Promise.all(replicas.map((periodic) => periodic.start()));
    await waitFor('the first to be done', () => jobs.findOne({ kind, state: 'done' }));
    await replica().start();
    const all = await jobs.find({ kind }).sort({ dueAt: 1 }).toArray();
    expect(all.map(({ state }) => state)).toEqual(['done', 'due']);
    expect((all[1]!['dueAt'] as Date).getTime()).toBe(Math.ceil(Date.now() / 3_600_000) * 3_600_000);
    expect(done).toHaveLength(1);
  });

  test('one that fails does not end the chain', async () => {
    const kind = 'failing-by-the-clock';
    const broken = createPeriodic({
      kind,
      periodMs: 60_000,
      mongo: domain.mongo,
      unitOfWork: domain.unitOfWork,
      work: () => Promise.reject(new Error('no luck')),
    });
    const period = Math.floor(Date.now() / 60_000) - 1;
    await expect(broken.handler({ data: { period } } as never, async () => true)).rejects.toThrow('no luck');
    expect(await domain.mongo.db.collection('jobs').countDocuments({ kind, state: 'due' })).toBe(1);
  });
});
