import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { auditRead, collections } from '@tidings/feed';
import { waitFor } from '@tidings/testing';
import { ledgerSums } from '../src/modules/wallet/index.js';
import { createDirectory } from '../src/modules/identity/directory.js';
import { identityModels } from '../src/modules/identity/identity.model.js';
import { startApi, type Person, type TestApi } from './support/api.js';

describe('administration', () => {
  let world: TestApi;
  let admin: Person;
  beforeAll(async () => {
    world = await startApi();
    admin = await world.admin();
  });
  afterAll(() => world.stop());

  const items = async (path: string, as = admin) => (await as.http.get<{ items: Record<string, unknown>[] }>(path)).body.items;

  describe('the audit log', () => {
    test('suspending and lifting are in it, newest first, each once', async () => {
      const { id } = await world.register();
      for (const status of ['suspended', 'suspended', 'active']) await admin.http.patch(`/api/admin/users/${id}`, { status });
      const entries = await items(`/api/admin/audit?target=user:${id}`);
      expect(entries.map(({ action, actor }) => [action, actor])).toEqual([
        ['user.reinstate', admin.id],
        ['user.suspend', admin.id],
      ]);
    });

    test('an entry is part of the transaction of what it tells of', async () => {
      const { unitOfWork } = world.api.context;
      const failing = unitOfWork.run({ actor: admin.id }, async (tx) => {
        await tx.audit({ action: 'thing.change', target: 'thing:rolled-back' });
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      await unitOfWork.run({ actor: admin.id }, (tx) =>
        tx.audit({ action: 'thing.change', target: 'thing:kept', details: { amount: 5, words: ['a', 'b'], note: null } }),
      );
      expect(await items('/api/admin/audit?target=thing:rolled-back')).toEqual([]);
      expect(await items('/api/admin/audit?target=thing:kept')).toMatchObject([
        {
          id: expect.any(String),
          at: expect.any(String),
          actor: admin.id,
          action: 'thing.change',
          target: 'thing:kept',
          details: { amount: 5, words: ['a', 'b'], note: null },
        },
      ]);
    });

    test('an entry has its place in the chain within about a second, and tells where the request came from', async () => {
      const { id } = await world.register();
      await admin.http.patch(`/api/admin/users/${id}`, { status: 'suspended' });
      const entry = () => items(`/api/admin/audit?target=user:${id}`).then(([one]) => one!);
      await waitFor('the seal', async () => (await entry())['seq'] !== null);
      const digest = expect.stringMatching(/^[0-9a-f]{64}$/);
      expect(await entry()).toMatchObject({ seq: expect.any(Number), previousHash: digest, hash: digest });
      expect((await entry())['from']).toEqual({ ip: '127.0.0.1', userAgent: expect.any(String), sessionId: expect.any(String) });
    });

    test('it is filtered by who, what, whom and when, and pages without loss', async () => {
      for (let look = 0; look < 5; look++)
        await auditRead(world.mongo, { userId: 'auditor' }, { action: 'thing.look', target: `thing:${look}` });
      const seen: unknown[] = [];
      for (let cursor = ''; ;) {
        const { body } = await admin.http.get<{ items: Record<string, unknown>[]; nextCursor: string | null }>(
          `/api/admin/audit?actor=auditor&action=thing.look&limit=2${cursor}`,
        );
        seen.push(...body.items.map(({ target }) => target));
        if (!body.nextCursor) break;
        cursor = `&cursor=${body.nextCursor}`;
      }
      expect(seen).toEqual(['thing:4', 'thing:3', 'thing:2', 'thing:1', 'thing:0']);
      const [third] = await items('/api/admin/audit?target=thing:2');
      const at = String(third!['at']);
      expect((await items(`/api/admin/audit?actor=auditor&from=${at}`)).map(({ target }) => target)).toContain('thing:2');
      expect((await items(`/api/admin/audit?actor=auditor&to=${at}`)).map(({ target }) => target)).not.toContain('thing:2');
    });

    test('each of its filters has an index that also sorts', async () => {
      for (const filter of [{}, { actor: 'a' }, { action: 'b' }, { target: 'c' }]) {
        const plan = await world.mongo.db.collection(collections.audit).find(filter).sort({ at: -1, _id: -1 }).explain('queryPlanner');
        const text = JSON.stringify(plan['queryPlanner'].winningPlan);
        expect(text).toContain('IXSCAN');
        expect(text).not.toContain('"SORT"');
      }
    });

    test('it is for administrators', async () => {
      expect((await (await world.register()).http.get('/api/admin/audit')).status).toBe(403);
    });
  });

  describe('users', () => {
    const found = async (query: string) => (await items(`/api/admin/users?${query}`)).map(({ id }) => id);

    test('are found by the beginning of name or e-mail address, by role and by status, newest first', async () => {
      const first = await world.register({ name: 'Zoë Zimmer' });
      const second = await world.register({ name: 'zoë Zander', email: 'zz.zander@example.com' });
      expect(await found(`q=${encodeURIComponent('ZOË Z')}`)).toEqual([second.id, first.id]);
      expect(await found('q=ZZ.Zan')).toEqual([second.id]);
      expect(await found('q=Zimmer')).toEqual([]);
      await admin.http.patch('/api/me', { name: 'Root' });
      expect(await found('q=root&role=superadmin&status=active')).toEqual([admin.id]);
      await admin.http.patch(`/api/admin/users/${first.id}`, { status: 'suspended' });
      expect(await found(`q=${encodeURIComponent('zoë')}&status=suspended`)).toEqual([first.id]);
    });

    test.each(['.*', '^', '$ne', '{"$gt":""}', '\\', '%00', '('])('what stands in no name is refused: %s', async (typed) => {
      const answer = await admin.http.get<{ items: unknown[] }>(`/api/admin/users?q=${encodeURIComponent(typed)}`);
      expect(answer.status).toBe(400);
    });

    test('a dot is a dot', async () => {
      const { id } = await world.register({ name: 'Dot A. Dash' });
      expect(await found('q=dot%20a.')).toEqual([id]);
      expect(await found('q=d.t%20a')).toEqual([]);
    });

    test('users from before there was a search are found, too', async () => {
      const { id } = await world.register({ name: 'Old Timer' });
      const users = world.mongo.db.collection<{ _id: string }>('users');
      await users.updateOne({ _id: id }, { $unset: { nameKey: '' } });
      expect(await found('q=old%20t')).toEqual([]);
      await createDirectory(identityModels(world.mongo.connection)).prepare();
      expect(await found('q=old%20t')).toEqual([id]);
    });

    test('searching reads no user who does not match', async () => {
      const users = world.mongo.db.collection('users');
      const range = { $gte: 'zo', $lt: 'zo\u{10ffff}' };
      const plan = await users.find({ $or: [{ nameKey: range }, { email: range }] }).explain('executionStats');
      expect(plan['executionStats'].totalDocsExamined).toBe(plan['executionStats'].nReturned);
    });

    test('one is shown with wallets and sessions, and the look is audited', async () => {
      const person = await world.register();
      const { status, body, headers } = await admin.http.get(`/api/admin/users/${person.id}`);
      expect(status).toBe(200);
      expect(body).toMatchObject({ id: person.id, status: 'active', wallets: [{ balance: 0, held: 0, currency: 'INR' }] });
      expect(body['sessions']).toMatchObject([{ current: false }]);
      expect(JSON.stringify(body)).not.toMatch(/hash/i);
      expect(headers.get('tidings-cursor')).toContain(`user:${person.id}=`);
      expect(await items(`/api/admin/audit?action=user.look&target=user:${person.id}`)).toHaveLength(1);
      expect((await admin.http.get('/api/admin/users/nobody')).status).toBe(404);
      expect((await person.http.get(`/api/admin/users/${person.id}`)).status).toBe(403);
    });
  });

  describe('adjustments', () => {
    const adjust = (id: string, body: object, key?: string) =>
      admin.http.post(`/api/admin/users/${id}/adjustments`, body, key ? { 'idempotency-key': key } : {});

    test('give and take, tell the user and the administrators, and are audited', async () => {
      const { id, http } = await world.register();
      const given = await adjust(id, { amount: 500, reason: 'Broken terminal' });
      expect([given.status, given.body]).toEqual([
        201,
        expect.objectContaining({ userId: id, amount: 500, newBalance: 500, currency: 'INR' }),
      ]);
      expect((await adjust(id, { amount: -200, reason: 'Too much' })).body).toMatchObject({ newBalance: 300 });
      expect((await http.get('/api/wallet')).body['balance']).toBe(300);
      expect((await world.eventsOf(id)).map(({ type, data }) => [type, data['amount'], data['newBalance']])).toEqual([
        ['balance-updated', 500, 500],
        ['balance-adjusted', 500, 500],
        ['balance-updated', -200, 300],
        ['balance-adjusted', -200, 300],
      ]);
      const history = await http.get<{ items: { id: string; type: string }[] }>('/api/wallet/transactions');
      expect(history.body.items.map(({ type }) => type)).toEqual(['adjustment', 'adjustment']);
      const [, entry] = await items(`/api/admin/audit?action=balance.adjust&target=user:${id}`);
      expect(entry).toMatchObject({
        actor: admin.id,
        details: { amount: 500, reason: 'Broken terminal', transactionId: given.body['transactionId'] },
      });
    });

    test('never take more than is there, and count once when asked twice', async () => {
      const { id, http } = await world.register();
      expect((await adjust(id, { amount: -1, reason: 'No' })).body['code']).toBe('insufficient-funds');
      const answers = await Promise.all(Array.from({ length: 5 }, () => adjust(id, { amount: 70, reason: 'Once' }, `once-${id}`)));
      expect(new Set(answers.map(({ body }) => body['id'])).size).toBe(1);
      expect((await http.get('/api/wallet')).body['balance']).toBe(70);
      expect(await items(`/api/admin/audit?action=balance.adjust&target=user:${id}`)).toHaveLength(1);
      expect(await ledgerSums(world.mongo)).toMatchObject({ byCurrency: { INR: 0 }, unbalancedTransfers: [], differing: [], negative: [] });
    });

    test('are for others than oneself, and for users there are', async () => {
      expect((await adjust(admin.id, { amount: 1, reason: 'Me' })).body['code']).toBe('forbidden');
      expect((await adjust('nobody', { amount: 1, reason: 'Who' })).status).toBe(404);
      expect((await adjust(admin.id, { amount: 0, reason: 'Nothing' })).status).toBe(400);
    });
  });

  describe('roles', () => {
    const setRoles = (as: Person, id: string, roles: string[]) => as.http.send('PUT', `/api/admin/users/${id}/roles`, { roles });

    test('only a superadmin changes them, never the own ones', async () => {
      const helper = await world.register();
      expect((await setRoles(admin, helper.id, ['admin'])).body).toMatchObject({ roles: ['customer', 'admin'], version: 2 });
      expect((await helper.http.get('/api/admin/audit')).status).toBe(200);
      expect((await setRoles(helper, admin.id, ['customer'])).status).toBe(403);
      expect((await setRoles(helper, helper.id, ['superadmin'])).status).toBe(403);
      expect((await setRoles(admin, admin.id, ['customer'])).body['code']).toBe('forbidden');
      expect((await setRoles(admin, helper.id, [])).body).toMatchObject({ roles: ['customer'], version: 3 });
      expect((await setRoles(admin, helper.id, ['customer'])).body).toMatchObject({ version: 3 });
      expect((await helper.http.get('/api/admin/audit')).status).toBe(403);
      const audited = await items(`/api/admin/audit?action=user.set-roles&target=user:${helper.id}`);
      expect(audited.map(({ details }) => details)).toEqual([
        { before: ['customer', 'admin'], after: ['customer'] },
        { before: ['customer'], after: ['customer', 'admin'] },
      ]);
      expect((await world.eventsOf(helper.id)).map(({ type, data }) => [type, data['reason']])).toEqual([
        ['access-changed', 'roles-changed'],
        ['access-changed', 'roles-changed'],
      ]);
    });

    test('whoever is a member of a merchant stays one', async () => {
      const member = await world.register();
      const merchant = await admin.http.post('/api/admin/merchants', { name: 'Tea', ownerName: 'R', email: member.email });
      await admin.http.post(`/api/merchants/${String(merchant.body['id'])}/members`, { userId: member.id, role: 'owner' });
      expect((await setRoles(admin, member.id, ['advisor'])).body['roles']).toEqual(['customer', 'merchant', 'advisor']);
      const stranger = await world.register();
      expect((await setRoles(admin, stranger.id, ['merchant'])).body['roles']).toEqual(['customer']);
    });

    test('two superadmins who depose each other at once leave one', async () => {
      const superadmins = world.mongo.db.collection('users');
      for (let round = 0; round < 3; round++) {
        const [first, second] = [await world.register(), await world.register()];
        await Promise.all([first, second].map(({ id }) => setRoles(admin, id, ['superadmin'])));
        const answers = await Promise.all([setRoles(first, second.id, []), setRoles(second, first.id, [])]);
        expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 403]);
        const left = { _id: { $in: [first.id, second.id] }, roles: 'superadmin' };
        expect(await superadmins.countDocuments(left as object)).toBe(1);
      }
    });
  });
});
