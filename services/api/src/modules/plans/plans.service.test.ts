import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Problem, roiSchema, type PlanChange, type PlanInput, type Principal } from '@tidings/contracts';
import type { OutboxEvent } from '@tidings/feed';
import type { JobDocument } from '@tidings/platform';
import { createClock, dayMs } from '../../../tests/support/cards.js';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { runDuePlans } from '../../../tests/support/plans.js';
import { codesOf } from '../../../tests/support/stalls.js';
import { createPlanLists } from './plan-lists.js';
import type { EditOptions } from './plans.service.js';
import type { PlanDocument } from './plans.model.js';

const clock = createClock();
let domain: Domain;
let admin: Principal;
let other: Principal;
beforeAll(async () => {
  domain = await createDomain({ now: clock.now });
  admin = await domain.person({ roles: ['customer', 'admin'] });
  other = await domain.person({ roles: ['customer', 'admin'] });
});
afterAll(() => domain.stop());

const gold: PlanInput = { name: 'Gold', roi: 2.5, duration: 30, minAmount: 100 };
const create = (input: Partial<PlanInput> = {}) => domain.run((tx) => domain.plans.plans.create(tx, { ...gold, ...input }), admin.userId);
const edit = (id: string, input: PlanChange, options: EditOptions = {}, by = admin) =>
  domain.run((tx) => domain.plans.plans.update(tx, id, input, options), by.userId);
const problemOf = async (pending: Promise<unknown>): Promise<Problem> => {
  const reason: unknown = await pending.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(reason instanceof Problem)) throw new Error(`No problem but ${String(reason)}`);
  return reason;
};
const told = (id: string): Promise<OutboxEvent[]> =>
  domain.mongo.db.collection<OutboxEvent>('outbox').find({ 'data.planId': id }).sort({ at: 1, _id: 1 }).toArray();
const isPublic = ({ feeds }: Pick<OutboxEvent, 'feeds'>) => feeds.some((target) => typeof target !== 'string');
const lists = () => createPlanLists(domain.plans.models);
const versions = async (id: string) => (await lists().history(id, { limit: 100 }, true)).page;

describe('a plan', () => {
  test('is told to everybody, with who made it to administrators alone', async () => {
    const { result, events } = await create();
    expect(result).toMatchObject({ roiBp: 250, currency: 'INR', published: true, version: 1, invested: 0 });
    expect(events.map(({ type }) => type)).toEqual(['plan-created']);
    const omit = ['adminEmail'];
    expect(events[0]?.feeds).toEqual([{ feed: 'plans', omit }, { feed: `plan:${result._id}`, omit }, 'plans:admin']);
    expect(events[0]?.data).toMatchObject({ version: 1, adminEmail: `${admin.userId}@example.com`, planData: { roi: 2.5 } });
  });

  test('takes every percentage of two places as basis points, and back', () => {
    for (let basisPoints = 0; basisPoints <= 100_000; basisPoints++) {
      const percent = basisPoints / 100;
      if (!roiSchema.safeParse(percent).success) throw new Error(`${percent} was refused`);
      if (Math.round(percent * 100) !== basisPoints) throw new Error(`${percent} is not ${basisPoints}`);
    }
    expect(roiSchema.safeParse(2.505).success).toBe(false);
  });

  test('changes by what is sent; what changes nothing is no version and told to nobody', async () => {
    const { result: plan } = await create({ description: 'Safe', maxAmount: 5_000 });
    const { result, events } = await edit(plan._id, { roi: 3.5, description: null }, {}, other);
    expect(result).toMatchObject({ roiBp: 350, description: null, maxAmount: 5_000, version: 2, termsVersion: 2 });
    expect(events[0]).toMatchObject({
      type: 'plan-updated',
      data: {
        version: 2,
        changes: [
          { field: 'description', from: 'Safe', to: null },
          { field: 'roi', from: 2.5, to: 3.5 },
        ],
        adminEmail: `${other.userId}@example.com`,
      },
    });
    const again = await edit(plan._id, { roi: 3.5, description: null });
    expect([again.result.version, again.events]).toEqual([2, []]);
  });

  test('keeps its limits in order', async () => {
    const { result: plan } = await create({ maxAmount: 5_000 });
    const bad = [edit(plan._id, { minAmount: 6_000 }), edit(plan._id, { capacity: 50 }), create({ maxAmount: 50 })];
    expect(await codesOf(bad)).toEqual(['bad-request', 'bad-request', 'bad-request']);
    const late = new Date(clock.now().getTime() + 6 * 366 * dayMs).toISOString();
    expect(await codesOf([create({ publishAt: late })])).toEqual(['bad-request']);
  });
});

describe('its history', () => {
  test('has each version, who made it, when, and field by field what changed; an old one can be restored', async () => {
    const { result: plan } = await create();
    await edit(plan._id, { roi: 3, name: 'Gold plus' });
    await edit(plan._id, { duration: 60 }, {}, other);
    const { result, events } = await domain.run((tx) => domain.plans.plans.restore(tx, plan._id, 1), other.userId);
    expect(result).toMatchObject({ name: 'Gold', roiBp: 250, duration: 30, version: 4, termsVersion: 4 });
    expect(events.map(({ type }) => type)).toEqual(['plan-updated']);
    const kept = await versions(plan._id);
    expect(kept.map(({ version, action, by, restored }) => [version, action, by?.userId, restored])).toEqual([
      [4, 'restored', other.userId, 1],
      [3, 'updated', other.userId, undefined],
      [2, 'updated', admin.userId, undefined],
      [1, 'created', admin.userId, undefined],
    ]);
    expect(kept[0]?.changes.map(({ field }) => field)).toEqual(['name', 'roi', 'duration']);
    expect(await codesOf([domain.run((tx) => domain.plans.plans.restore(tx, plan._id, 9))])).toEqual(['not-found']);
  });

  test('of what was before the publication is for administrators', async () => {
    const { result: plan } = await create({ publishAt: new Date(clock.now().getTime() + dayMs).toISOString() });
    await edit(plan._id, { roi: 3 });
    const asGuest = () => lists().history(plan._id, { limit: 10 }, false);
    expect(await codesOf([asGuest()])).toEqual(['not-found']);
    await edit(plan._id, { publishAt: null });
    expect((await asGuest()).page.map(({ version }) => version)).toEqual([3]);
    expect((await versions(plan._id)).map(({ version }) => version)).toEqual([3, 2, 1]);
  });

  test('tells of the edit that published a plan what it became, not what the draft was', async () => {
    const { result: plan } = await create({ name: 'Secret', publishAt: new Date(clock.now().getTime() + dayMs).toISOString() });
    await edit(plan._id, { name: 'Open', publishAt: null });
    await edit(plan._id, { name: 'Open to all' });
    const [later, first] = (await lists().history(plan._id, { limit: 10 }, false)).page;
    expect(first).toMatchObject({ version: 2, changes: [], plan: { name: 'Open' } });
    expect(later).toMatchObject({ version: 3, changes: [{ field: 'name', from: 'Open', to: 'Open to all' }] });
    expect((await versions(plan._id))[1]?.changes).toContainEqual({ field: 'name', from: 'Secret', to: 'Open' });
    // An old version made the newest publishes as well, when its date has come meanwhile.
    const { result: draft } = await create({ name: 'Secret', publishAt: new Date(clock.now().getTime() + dayMs).toISOString() });
    await edit(draft._id, { name: 'Also secret', publishAt: new Date(clock.now().getTime() + 3 * dayMs).toISOString() });
    clock.forward(2 * dayMs);
    await domain.run((tx) => domain.plans.plans.restore(tx, draft._id, 1), admin.userId);
    const [published] = (await lists().history(draft._id, { limit: 10 }, false)).page;
    expect(published).toMatchObject({ version: 3, changes: [], plan: { name: 'Secret' } });
    expect(published).not.toHaveProperty('restored');
  });
});

describe('edits by two at once', () => {
  test('a stale one is refused, with the current document and what a merge would be', async () => {
    const { result: plan } = await create();
    await edit(plan._id, { roi: 3 }, { ifMatch: '"v1"' });
    const problem = await problemOf(edit(plan._id, { ...gold, roi: 4, duration: 60 }, { ifMatch: '"v1"' }, other));
    expect(problem).toMatchObject({ code: 'version-mismatch', status: 412 });
    expect(problem.toBody()).toMatchObject({
      current: { roi: 3, version: 2 },
      proposal: { roi: 3, duration: 60, name: 'Gold' },
      conflicts: [{ field: 'roi', base: 2.5, current: 3, mine: 4 }],
    });
    // The proposal can be sent as it is.
    const proposal = problem.extra.proposal as PlanChange;
    expect((await edit(plan._id, proposal, { ifMatch: '"v2"' }, other)).result).toMatchObject({ roiBp: 300, duration: 60, version: 3 });
  });

  test('what does not overlap is merged where the client asks for it; what does is not', async () => {
    const { result: plan } = await create();
    await edit(plan._id, { roi: 3 }, { ifMatch: '"v1"' });
    const { result } = await edit(plan._id, { ...gold, duration: 60 }, { ifMatch: '"v1"', merge: true }, other);
    expect(result).toMatchObject({ roiBp: 300, duration: 60, version: 3 });
    expect(await codesOf([edit(plan._id, { duration: 90 }, { ifMatch: '"v1"', merge: true })])).toEqual(['version-mismatch']);
  });

  test('of a version that never was there is nothing to merge; without a version the last one wins', async () => {
    const { result: plan } = await create();
    await edit(plan._id, { roi: 3 });
    for (const ifMatch of ['"v7"', '"x"', '']) {
      const { extra } = await problemOf(edit(plan._id, { roi: 4 }, { ifMatch, merge: true }));
      expect([ifMatch, Object.keys(extra)]).toEqual([ifMatch, ['current']]);
    }
    expect((await edit(plan._id, { roi: 5 })).result.roiBp).toBe(500);
    expect((await edit(plan._id, { roi: 6 }, { ifMatch: '*' })).result.roiBp).toBe(600);
  });

  test('at the same instant lose nothing', async () => {
    const { result: plan } = await create();
    const changes: PlanChange[] = [{ roi: 3 }, { duration: 60 }, { name: 'Gold plus' }, { capacity: 9_000 }, { maxAmount: 700 }];
    await Promise.all(changes.map((change) => edit(plan._id, change, { ifMatch: '"v1"', merge: true })));
    const after = await domain.plans.plans.get(plan._id);
    expect(after).toMatchObject({ roiBp: 300, duration: 60, name: 'Gold plus', capacity: 9_000, maxAmount: 700, version: 6 });
    expect((await told(plan._id)).map(({ data }) => data['version'])).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('publication', () => {
  const inDays = (days: number) => new Date(clock.now().getTime() + days * dayMs).toISOString();
  const shown = async (id: string) => (await told(id)).filter(isPublic).map(({ type }) => type);
  const jobsOf = (id: string) => domain.mongo.db.collection<JobDocument>('jobs').find({ 'data.planId': id }).toArray();

  test('comes at its time, once, however often the clock looks; before it only administrators know', async () => {
    const { result: plan, events } = await create({ publishAt: inDays(2) });
    expect(events[0]?.feeds).toEqual(['plans:admin']);
    await edit(plan._id, { roi: 3 });
    expect(await codesOf([domain.plans.plans.get(plan._id)])).toEqual(['not-found']);
    expect(await shown(plan._id)).toEqual([]);
    const [job] = await jobsOf(plan._id);
    await expect(runDuePlans(domain, clock.now(), job)).rejects.toThrow('ahead of this one');
    clock.forward(2 * dayMs);
    await Promise.all([1, 2, 3].map(() => runDuePlans(domain, clock.now(), job)));
    expect(await shown(plan._id)).toEqual(['plan-created']);
    expect(await domain.plans.plans.get(plan._id)).toMatchObject({ published: true, version: 3, publishedVersion: 3 });
    expect((await told(plan._id)).at(-1)?.data).toMatchObject({ planData: { roi: 3, published: true } });
  });

  test('follows its date: what was put off comes later, what was moved to now comes at once', async () => {
    const { result: plan } = await create({ publishAt: inDays(1) });
    await edit(plan._id, { publishAt: inDays(3) });
    clock.forward(dayMs);
    await runDuePlans(domain, clock.now());
    expect(await shown(plan._id)).toEqual([]);
    await edit(plan._id, { publishAt: inDays(-1), roi: 4 });
    expect(await shown(plan._id)).toEqual(['plan-created']);
    clock.forward(3 * dayMs);
    await runDuePlans(domain, clock.now());
    expect(await shown(plan._id)).toEqual(['plan-created']);
    expect(await codesOf([edit(plan._id, { publishAt: inDays(1) })])).toEqual(['invalid-transition']);
    expect(await codesOf([edit(plan._id, { publishAt: null })])).toEqual(['invalid-transition']);
  });

  test('does not come to what was withdrawn before', async () => {
    const { result: plan } = await create({ publishAt: inDays(1) });
    await domain.run((tx) => domain.plans.plans.remove(tx, plan._id, { investments: 'refuse' }), admin.userId);
    clock.forward(2 * dayMs);
    await runDuePlans(domain, clock.now());
    expect(await shown(plan._id)).toEqual([]);
  });
});

describe('a withdrawn plan', () => {
  test('is told with its last state, is found no more, and keeps its history', async () => {
    const { result: plan } = await create();
    const remove = (ifMatch?: string) =>
      domain.run((tx) => domain.plans.plans.remove(tx, plan._id, { investments: 'refuse' }, ifMatch), admin.userId);
    expect(await codesOf([remove('"v9"')])).toEqual(['version-mismatch']);
    const { events } = await remove('"v1"');
    expect(events[0]).toMatchObject({ type: 'plan-deleted', data: { version: 2, planData: { name: 'Gold', version: 2 } } });
    expect(await codesOf([remove(), edit(plan._id, { roi: 1 }), domain.plans.plans.get(plan._id, { drafts: true })])).toEqual([
      'not-found',
      'not-found',
      'not-found',
    ]);
    expect((await versions(plan._id)).map(({ action }) => action)).toEqual(['deleted', 'created']);
    expect(await codesOf([lists().history(plan._id, { limit: 5 }, false)])).toEqual(['not-found']);
  });
});

describe('the list', () => {
  test('is found by how a name begins, whatever its accents, page by page; drafts are for administrators', async () => {
    const names = ['Équité Un', 'equite  deux', 'EQUITE trois', 'equite trois'];
    for (const name of names) await create({ name });
    await create({ name: 'equite hidden', publishAt: new Date(clock.now().getTime() + dayMs).toISOString() });
    const all = async (isAdmin: boolean, limit: number) => {
      const found: PlanDocument[] = [];
      let cursor: string | undefined;
      do {
        const { page, nextCursor } = await lists().list({ q: 'Équ', limit, cursor }, isAdmin);
        found.push(...page);
        cursor = nextCursor ?? undefined;
      } while (cursor !== undefined);
      return found.map(({ name }) => name);
    };
    expect((await all(false, 1)).toSorted()).toEqual([...names].toSorted());
    expect(await all(false, 1)).toEqual(await all(false, 100));
    expect(await all(true, 2)).toContain('equite hidden');
    expect((await lists().list({ published: false, limit: 100 }, false)).page).toEqual([]);
    expect((await lists().list({ published: false, limit: 100 }, true)).page.every(({ published }) => !published)).toBe(true);
  });
});
