import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { reduceBulkOperations, type AnyEvent, type BulkInput, type BulkOperation, type Principal } from '@tidings/contracts';
import type { OutboxEvent } from '@tidings/feed';
import { newId, type JobDocument } from '@tidings/platform';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { openStall } from '../../../tests/support/stalls.js';
import { bulkJobKind } from './bulk-steps.js';
import { presentOperation } from './bulk.presenter.js';
import { tellingJobKind } from './tellings.js';

describe('bulk operations', () => {
  let domain: Domain;
  let admin: Principal;
  let boss: Principal;
  let now: Date;
  beforeAll(async () => {
    domain = await createDomain({ now: () => now });
    now = new Date();
    admin = await domain.person({ roles: ['customer', 'admin'] });
    boss = await domain.person({ roles: ['customer', 'superadmin'] });
  });
  afterAll(() => domain.stop());

  const bulk = () => domain.bulk.bulk;
  const add = async (fields = {}): Promise<string> => {
    const input = { name: 'Chai House', ownerName: 'Ravi', email: `${newId()}@example.com`, ...fields };
    return (await domain.run((tx) => domain.merchants.merchants.create(tx, input))).result._id;
  };
  const addMany = async (count: number, fields = {}): Promise<string[]> => Promise.all(Array.from({ length: count }, () => add(fields)));
  const start = async (input: BulkInput, by = admin): Promise<string> =>
    (await domain.run((tx) => bulk().start(tx, by, input), by.userId)).result._id;
  const cancel = (id: string) => domain.run((tx) => bulk().cancel(tx, id), admin.userId);
  const resume = (id: string, by = admin) => domain.run((tx) => bulk().resume(tx, by, id), by.userId);

  const jobs = () => domain.mongo.db.collection<JobDocument>('jobs');
  /** As the queue does it. False when nothing of the kind is due for this operation. */
  const step = async (id: string, kind = bulkJobKind, change: Partial<JobDocument> = {}): Promise<boolean> => {
    const job = await jobs().findOne({ kind, state: 'due', 'data.operationId': id });
    if (!job) return false;
    await domain.bulk.jobs![kind]!({ ...job, ...change }, async (session) => {
      const done = await jobs().updateOne({ _id: job._id, state: 'due' }, { $set: { state: 'done' } }, { session });
      return done.modifiedCount === 1;
    });
    return true;
  };
  const finish = async (id: string): Promise<void> => {
    while (await step(id));
    while (await step(id, tellingJobKind));
  };
  const eventsOf = (id: string): Promise<OutboxEvent[]> =>
    domain.mongo.db.collection<OutboxEvent>('outbox').find({ 'data.operationId': id }).sort({ _id: 1 }).toArray();
  const changes = async (ids: readonly string[]): Promise<OutboxEvent[]> =>
    domain.mongo.db
      .collection<OutboxEvent>('outbox')
      .find({ type: 'merchants-changed', 'data.ids': { $in: [...ids] } })
      .toArray();

  test('do each merchant, keep what became of it, and end once', async () => {
    const ids = await addMany(3);
    const id = await start({ action: 'suspend', ids: [...ids, 'nobody', ids[0]!], reason: 'The hall is closed.' });
    expect(await bulk().get(id)).toMatchObject({ status: 'running', total: 4 });
    await finish(id);
    expect(presentOperation(await bulk().get(id))).toMatchObject({
      status: 'completed',
      total: 4,
      succeeded: 3,
      failed: 1,
      failures: [{ id: 'nobody', code: 'not-found' }],
    });
    expect((await domain.merchants.merchants.get(ids[1]!)).isActive).toBe(false);
    const { page } = await bulk().results(id, { limit: 10 });
    expect(page.map(({ merchantId, state }) => [merchantId, state])).toEqual([
      ...ids.map((merchantId) => [merchantId, 'succeeded']),
      ['nobody', 'failed'],
    ]);
    const events = await eventsOf(id);
    expect(events.map(({ type }) => type)).toEqual(['bulk-progress', 'bulk-completed']);
    expect(events[1]).toMatchObject({ feeds: ['admin'], actor: admin.userId, data: { succeeded: 3, failed: [{ id: 'nobody' }] } });
  });

  test('tell the directory which, once for a batch, and the whole to the merchant and its menu', async () => {
    const ids = await addMany(60);
    const id = await start({ action: 'suspend', ids });
    await finish(id);
    const told = await changes(ids);
    expect(told.map(({ data }) => (data['ids'] as string[]).length).toSorted((a, b) => a - b)).toEqual([10, 50]);
    expect(told[0]?.feeds).toEqual(['merchants', 'merchants:admin']);
    const own = await domain.mongo.db
      .collection<OutboxEvent>('outbox')
      .find({ 'to.merchantId': ids[7]!, type: { $nin: ['merchant-created', 'subscription-updated'] } })
      .toArray();
    expect(own.map(({ type, feeds, pending }) => [type, feeds, pending])).toEqual([
      ['merchant-updated', [{ feed: `merchant:${ids[7]}`, omit: ['contacts', 'adminEmail'] }], undefined],
      ['merchant-status', [`merchant:${ids[7]}:menu`], undefined],
    ]);
    // Again there is nothing to do: nobody is told.
    await finish(await start({ action: 'suspend', ids }));
    expect(await changes(ids)).toHaveLength(2);
  });

  test('by a filter do those who were there when it was asked for', async () => {
    const category = `c${newId()}`;
    const ids = await addMany(5, { category });
    const id = await start({ action: 'suspend', filter: { category } });
    expect(await bulk().get(id)).toMatchObject({ status: 'collecting', total: 0 });
    now = new Date(now.getTime() + 10_000);
    const late = await add({ category });
    await finish(id);
    expect(await bulk().get(id)).toMatchObject({ status: 'completed', total: 5, succeeded: 5 });
    expect((await domain.merchants.merchants.get(late)).isActive).toBe(true);
    expect((await domain.merchants.merchants.get(ids[0]!)).isActive).toBe(false);
  });

  test('that delete are for superadministrators, and leave those where something is open', async () => {
    const stall = await openStall(domain);
    await stall.place(await stall.customer(1_000));
    const ids = [await add(), stall.vendorId, await add()];
    await expect(start({ action: 'delete', ids })).rejects.toMatchObject({ code: 'forbidden' });
    const id = await start({ action: 'delete', ids }, boss);
    await cancel(id);
    await expect(resume(id)).rejects.toMatchObject({ code: 'forbidden' });
    await resume(id, boss);
    await finish(id);
    expect(await bulk().get(id)).toMatchObject({ succeeded: 2, failures: [{ id: stall.vendorId, code: 'merchant-in-use' }] });
    expect((await bulk().results(id, { limit: 10, state: 'failed' })).page).toMatchObject([{ merchantId: stall.vendorId }]);
    expect(await domain.merchants.merchants.find(ids[0]!)).toBeNull();
  });

  test('that are cancelled do no more, and go on where they were', async () => {
    const ids = await addMany(120);
    const id = await start({ action: 'suspend', ids });
    await step(id);
    await cancel(id);
    await expect(cancel(id)).rejects.toMatchObject({ code: 'invalid-transition' });
    await finish(id);
    expect(await bulk().get(id)).toMatchObject({ status: 'cancelled', succeeded: 50 });
    await resume(id);
    await expect(resume(id)).rejects.toMatchObject({ code: 'invalid-transition' });
    await finish(id);
    expect(await bulk().get(id)).toMatchObject({ status: 'completed', succeeded: 120 });
    expect((await changes(ids)).flatMap(({ data }) => data['ids'] as string[]).toSorted()).toEqual(ids.toSorted());
    expect((await eventsOf(id)).filter(({ type }) => type === 'bulk-completed')).toHaveLength(1);
  });

  describe('of the plan', () => {
    const plans = async (ids: readonly string[]): Promise<string[]> => {
      const { subscriptions } = domain.merchants.entitlements.models;
      return (await subscriptions.find({ _id: { $in: ids } }).lean()).map(({ plan }) => plan);
    };
    const updates = (ids: readonly string[]): Promise<OutboxEvent[]> =>
      domain.mongo.db
        .collection<OutboxEvent>('outbox')
        .find({ type: 'subscription-updated', 'data.merchantId': { $in: [...ids] }, 'data.reason': 'bulk' })
        .toArray();

    test('change each subscription once, through a cancellation, and tell the members together', async () => {
      const ids = await addMany(60);
      const owner = await domain.person({ merchants: ids });
      const id = await start({ action: 'plan', plan: 'premium', ids, reason: 'A present.' });
      await step(id);
      await cancel(id);
      expect((await plans(ids)).filter((plan) => plan === 'premium')).toHaveLength(50);
      await resume(id);
      await finish(id);
      expect(presentOperation(await bulk().get(id))).toMatchObject({ status: 'completed', plan: 'premium', succeeded: 60, failed: 0 });
      expect(new Set(await plans(ids))).toEqual(new Set(['premium']));
      const told = await updates(ids);
      expect(told.map(({ data }) => String(data['merchantId'])).toSorted()).toEqual(ids.toSorted());
      expect(told.every(({ pending, data }) => pending === undefined && data['version'] === 2)).toBe(true);
      // The directory shows no plans.
      expect(await changes(ids)).toEqual([]);
      const words = (await eventsOf(id)).filter(({ type }) => type === 'merchants-bulk-changed');
      expect(words.map(({ feeds, data }) => [feeds, data['plan'], data['count']])).toEqual([[[`user:${owner.userId}`], 'premium', 60]]);
    });

    test('leave those that have it, and audit what was before', async () => {
      const ids = await addMany(2);
      await finish(await start({ action: 'plan', plan: 'basic', ids: [ids[0]!] }));
      const id = await start({ action: 'plan', plan: 'basic', ids: [...ids, 'nobody'] });
      await finish(id);
      expect(await bulk().get(id)).toMatchObject({ succeeded: 2, failures: [{ id: 'nobody', code: 'not-found' }] });
      const { page } = await bulk().results(id, { limit: 10, state: 'succeeded' });
      expect(page.map(({ changed }) => changed)).toEqual([false, true]);
      const audited = await domain.mongo.db
        .collection('audit_log')
        .find({ action: 'subscription.update', target: { $in: ids.map((of) => `merchant:${of}`) } })
        .toArray();
      expect(audited.map(({ details }) => [details.planBefore, details.plan])).toEqual([
        ['freeTrial', 'basic'],
        ['freeTrial', 'basic'],
      ]);
    });
  });

  test('a step of an earlier run is void', async () => {
    const id = await start({ action: 'suspend', ids: await addMany(2) });
    const earlier = await jobs().findOne({ 'data.operationId': id });
    await cancel(id);
    await resume(id);
    await domain.bulk.jobs![bulkJobKind]!(earlier!, () => Promise.resolve(true));
    expect(await bulk().get(id)).toMatchObject({ status: 'running', succeeded: 0 });
    await finish(id);
  });

  test('a step that two processes take up, or that died half-way, does its work once', async () => {
    const ids = await addMany(60);
    const id = await start({ action: 'suspend', ids });
    await Promise.allSettled([step(id), step(id)]);
    const done = (await bulk().get(id)).succeeded;
    expect(done % 50).toBe(0);
    const job = await jobs().findOne({ state: 'due', 'data.operationId': id });
    const died = domain.bulk.jobs![bulkJobKind]!(job!, () => Promise.reject(new Error('killed')));
    await expect(died).rejects.toThrow('killed');
    await finish(id);
    expect(await bulk().get(id)).toMatchObject({ status: 'completed', succeeded: 60 });
    expect((await changes(ids)).flatMap(({ data }) => data['ids'] as string[])).toHaveLength(60);
  });

  test('a merchant that stops a batch is taken by itself, and given up at last', async () => {
    const ids = await addMany(2);
    const id = await start({ action: 'suspend', ids });
    await step(id, bulkJobKind, { attempts: 2 });
    expect(await bulk().get(id)).toMatchObject({ status: 'running', succeeded: 1 });
    await step(id, bulkJobKind, { attempts: 5 });
    await finish(id);
    expect(await bulk().get(id)).toMatchObject({ status: 'completed', failures: [{ id: ids[1], code: 'internal' }] });
  });

  test('tell of their progress twice a second at most', async () => {
    const ids = await addMany(160);
    const told = async (id: string) => (await eventsOf(id)).filter(({ type }) => type.startsWith('bulk-')).length;
    const quick = await start({ action: 'suspend', ids });
    await finish(quick);
    expect(await told(quick)).toBe(2);
    const slow = await start({ action: 'activate', ids });
    do now = new Date(now.getTime() + 500);
    while (await step(slow));
    expect(await told(slow)).toBe(5);
  });

  test('tell each member once of all their merchants, also of those before it was cancelled', async () => {
    const ids = await addMany(60, { name: 'Chain' });
    const chain = await domain.person({ merchants: ids });
    const other = await domain.person({ merchants: [ids[55]!] });
    const id = await start({ action: 'suspend', ids, reason: 'Rain.' });
    await step(id);
    await cancel(id);
    while (await step(id, tellingJobKind));
    await resume(id);
    await finish(id);
    const told = (await eventsOf(id)).filter(({ type }) => type === 'merchants-bulk-changed');
    expect(told.map(({ feeds, data, pending }) => [feeds, data['count'], pending])).toEqual([
      [[`user:${chain.userId}`], 50, true],
      [[`user:${other.userId}`], 1, true],
    ]);
    expect(told[0]?.data).toMatchObject({ action: 'suspend', reason: 'Rain.', names: Array.from({ length: 5 }, () => 'Chain') });
  });

  test('are on the administrators’ screens as they are fetched', async () => {
    const id = await start({ action: 'suspend', ids: await addMany(3) });
    await cancel(id);
    await resume(id);
    await finish(id);
    const events = (await eventsOf(id)) as unknown as AnyEvent[];
    const live = events.reduce<readonly BulkOperation[]>((state, event) => reduceBulkOperations(state, event), []);
    expect(live).toEqual([presentOperation(await bulk().get(id))]);
    expect((await bulk().list({ limit: 1 })).page[0]?._id).toBe(id);
  });

  test('are in the audit log', async () => {
    const id = await start({ action: 'suspend', ids: await addMany(1) });
    await cancel(id);
    await resume(id);
    const found = await domain.mongo.db
      .collection('audit_log')
      .find({ target: `bulk:${id}` })
      .sort({ _id: 1 })
      .toArray();
    expect(found.map(({ action, actor }) => [action, actor])).toEqual(
      ['start', 'cancel', 'resume'].map((verb) => [`merchant.bulk-${verb}`, admin.userId]),
    );
  });
});
