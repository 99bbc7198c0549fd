import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { reduceSelling, weekdays, type AnyEvent, type OpeningHours, type Principal } from '@tidings/contracts';
import { newId, type JobDocument } from '@tidings/platform';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { presentSelling } from './merchants.presenter.js';

const hours: OpeningHours = Object.fromEntries(weekdays.map((day) => [day, [{ from: '11:00', to: '15:00' }]]));
const settings = { hours, exceptions: [], unclaimed: null };
const hourMs = 3_600_000;

describe('selling', () => {
  let domain: Domain;
  beforeAll(async () => {
    domain = await createDomain();
  });
  afterAll(() => domain.stop());

  const selling = () => domain.merchants.selling;
  const stall = async (fields = {}): Promise<{ id: string; member: Principal }> => {
    const input = { name: `Bar ${newId()}`, ownerName: 'Ravi', email: `${newId()}@example.com`, ...fields };
    const { result } = await domain.run((tx) => domain.merchants.merchants.create(tx, input));
    return { id: result._id, member: await domain.person({ merchants: [result._id] }) };
  };
  const statusOf = async (id: string) => presentSelling(await selling().get(id));
  const jobs = () => domain.mongo.db.collection<JobDocument>('jobs');
  const assertOpen = (id: string) => domain.run(async (tx) => selling().assertOpen(tx, await domain.merchants.merchants.get(id, tx)));
  /** As the queue does it; `at` stands in the job, so that the test need not wait for that time. */
  const runJob = async (key: string) => {
    const job = await jobs().findOne({ _id: key });
    if (!job) throw new Error(`There is no job ${key}`);
    await selling().turn(job, async (session) => {
      const done = await jobs().updateOne({ _id: key, state: 'due' }, { $set: { state: 'done' } }, { session });
      return done.modifiedCount === 1;
    });
  };
  const events = (id: string) =>
    domain.mongo.db
      .collection('outbox')
      .find({ type: 'merchant-status', feeds: `merchant:${id}:menu` })
      .sort({ _id: 1 })
      .toArray();

  test('a merchant that has set nothing is open; one that is not active is not', async () => {
    const { id } = await stall();
    expect(await statusOf(id)).toMatchObject({ open: true, paused: false, hours: null, version: 1 });
    await assertOpen(id);
    const inactive = await stall({ isActive: false });
    expect(await statusOf(inactive.id)).toMatchObject({ open: false });
    await expect(assertOpen(inactive.id)).rejects.toMatchObject({ code: 'merchant-closed' });
  });

  test('only members set it; each change is told to the menu as it is fetched', async () => {
    const { id, member } = await stall();
    const stranger = await domain.person();
    const set = (who: Principal, ifMatch?: string) => domain.run((tx) => selling().update(tx, who, id, settings, ifMatch));
    await expect(set(stranger)).rejects.toMatchObject({ code: 'forbidden' });
    const { events: told } = await set(member, '"v1"');
    expect(told).toMatchObject([{ type: 'merchant-status', feeds: [`merchant:${id}:menu`] }]);
    expect(told[0]?.data['selling']).toEqual(await statusOf(id));
    await expect(set(member, '"v1"')).rejects.toMatchObject({ code: 'version-mismatch' });
  });

  test('who pauses takes no orders until the end of the pause, and is told off for an end that is past', async () => {
    const { id, member } = await stall();
    const pause = (until?: Date) => domain.run((tx) => selling().pause(tx, member, id, until ? { until: until.toISOString() } : {}));
    await expect(pause(new Date(Date.now() - 1_000))).rejects.toMatchObject({ code: 'bad-request' });
    await pause();
    expect(await statusOf(id)).toMatchObject({ open: false, paused: true, pausedUntil: null });
    await expect(assertOpen(id)).rejects.toMatchObject({ code: 'merchant-closed' });
    const until = new Date(Date.now() + hourMs);
    await pause(until);
    expect(await statusOf(id)).toMatchObject({ open: false, pausedUntil: until.toISOString(), nextChangeAt: until.toISOString() });
    await domain.run((tx) => selling().resume(tx, member, id));
    expect(await statusOf(id)).toMatchObject({ open: true, paused: false, pausedUntil: null });
    await assertOpen(id);
  });

  test('who cannot order is told why', async () => {
    const inactive = await stall({ isActive: false });
    await expect(assertOpen(inactive.id)).rejects.toMatchObject({ detail: 'The merchant is not active' });
    const { id, member } = await stall();
    await domain.run((tx) => selling().update(tx, member, id, { ...settings, hours: {} }));
    await expect(assertOpen(id)).rejects.toMatchObject({ detail: 'It is outside of the opening hours' });
    await domain.run((tx) => selling().pause(tx, member, id, {}));
    await expect(assertOpen(id)).rejects.toMatchObject({ detail: 'The merchant has paused new orders' });
  });

  test('the clock decides on an order, also before the turn is told', async () => {
    const { id, member } = await stall();
    await domain.run((tx) => selling().pause(tx, member, id, { until: new Date(Date.now() + hourMs).toISOString() }));
    const past = new Date(Date.now() - 1_000);
    // As if the hour were over and no process had run since.
    await domain.mongo.db
      .collection<{ _id: string }>('selling')
      .updateOne({ _id: id }, { $set: { nextChangeAt: past, pause: { until: past } } });
    await assertOpen(id);
  });

  test('a turn is told once, however often its job runs, and schedules the next', async () => {
    const { id, member } = await stall();
    await domain.run((tx) => selling().update(tx, member, id, settings));
    const before = await statusOf(id);
    const key = `merchant-status:${id}:2`;
    expect(await jobs().findOne({ _id: key })).toMatchObject({ dueAt: new Date(before.nextChangeAt ?? 0) });
    await Promise.all([runJob(key), runJob(key), runJob(key)]);
    await runJob(key);
    const after = await statusOf(id);
    expect(after).toMatchObject({ open: !before.open, version: 3 });
    expect(await events(id)).toHaveLength(2);
    expect(await jobs().findOne({ _id: `merchant-status:${id}:3` })).toMatchObject({ dueAt: new Date(after.nextChangeAt ?? 0) });
  });

  test('a turn that was scheduled before the settings changed tells nothing', async () => {
    const { id, member } = await stall();
    await domain.run((tx) => selling().update(tx, member, id, settings));
    await domain.run((tx) => selling().update(tx, member, id, { ...settings, hours: null }));
    await runJob(`merchant-status:${id}:2`);
    expect(await statusOf(id)).toMatchObject({ open: true, version: 3, nextChangeAt: null });
    expect(await events(id)).toHaveLength(2);
  });

  test('a pause that is over is forgotten by its turn', async () => {
    const { id, member } = await stall();
    await domain.run((tx) => selling().pause(tx, member, id, { until: new Date(Date.now() + hourMs).toISOString() }));
    await runJob(`merchant-status:${id}:2`);
    expect(await statusOf(id)).toMatchObject({ open: true, paused: false, pausedUntil: null, version: 3, nextChangeAt: null });
  });

  test('those who set it at once take turns, and the events lead to what is fetched', async () => {
    const { id, member } = await stall();
    await Promise.all([
      ...Array.from({ length: 4 }, () => domain.run((tx) => selling().pause(tx, member, id, {}))),
      ...Array.from({ length: 4 }, () => domain.run((tx) => selling().resume(tx, member, id))),
      domain.run((tx) => selling().update(tx, member, id, settings)),
    ]);
    const fresh = await statusOf(id);
    expect(fresh.version).toBe(10);
    const live = (await events(id)).toReversed().map(({ type, data }) => ({ type, data }) as unknown as AnyEvent);
    expect(live.reduce(reduceSelling, null)).toEqual(fresh);
  });
});
