import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createApi } from '@tidings/api';
import type { Tx } from '@tidings/feed';
import { createMemberships } from '../src/modules/identity/index.js';
import { adminEmail, password, startApi, type Person, type TestApi } from './support/api.js';

describe('identity', () => {
  let world: TestApi;
  beforeAll(async () => {
    world = await startApi();
  });
  afterAll(() => world.stop());

  const statuses = (answers: readonly { status: number }[]) => answers.map(({ status }) => status).toSorted((a, b) => a - b);
  const refresh = (refreshToken: string) => world.http.post('/api/auth/refresh', { refreshToken });

  describe('register and login', () => {
    test('a new account is a customer, and its token opens it', async () => {
      const answer = await world.http.post('/api/auth/register', { name: ' Ravi ', email: 'Ravi@Example.com', password });
      expect(answer.status).toBe(201);
      expect(answer.body).toEqual({
        user: { id: expect.any(String), name: 'Ravi', email: 'ravi@example.com', roles: ['customer'] },
        accessToken: expect.any(String),
        refreshToken: expect.stringMatching(/^[a-f0-9]{24}\.[A-Za-z0-9_-]{43}$/),
        expiresIn: 900,
      });
      const me = await world.as(String(answer.body['accessToken'])).get('/api/me');
      expect(me.status).toBe(200);
      expect(me.body).toMatchObject({ email: 'ravi@example.com', status: 'active', memberships: [], version: 1 });
      expect(me.headers.get('etag')).toBe('"v1"');
      expect(me.headers.get('tidings-cursor')).toMatch(/^epoch=[a-f0-9]{24}; user:[a-f0-9]{24}=0$/);
    });

    test('nobody registers with a role', async () => {
      const answer = await world.http.post('/api/auth/register', { name: 'Eve', email: 'eve@example.com', password, roles: ['admin'] });
      expect(answer.status).toBe(400);
      expect(await world.mongo.db.collection('users').countDocuments({ email: 'eve@example.com' })).toBe(0);
    });

    test('of registrations of one address at once, one wins and the others are told', async () => {
      const answers = await Promise.all(
        Array.from({ length: 6 }, () => world.http.post('/api/auth/register', { name: 'Twin', email: 'twin@example.com', password })),
      );
      expect(statuses(answers)).toEqual([201, 409, 409, 409, 409, 409]);
      expect(answers.filter(({ status }) => status === 409).every(({ body }) => body['code'] === 'email-taken')).toBe(true);
      expect(await world.mongo.db.collection('users').countDocuments({ email: 'twin@example.com' })).toBe(1);
    });

    test('a wrong password and an unknown address get the same answer', async () => {
      const { email } = await world.register();
      const wrong = await world.http.post('/api/auth/login', { email, password: 'not the password' });
      const unknown = await world.http.post('/api/auth/login', { email: 'nobody@example.com', password });
      expect(wrong.status).toBe(401);
      expect(wrong.body).toEqual(unknown.body);
      expect(wrong.body['code']).toBe('invalid-credentials');
    });

    test('stored are hashes, never a password or a token', async () => {
      const { id, refreshToken } = await world.register();
      const user = await world.mongo.db.collection<{ _id: string; passwordHash: string }>('users').findOne({ _id: id });
      expect(user?.passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
      const session = await world.mongo.db.collection('sessions').findOne({ userId: id });
      expect(JSON.stringify(session)).not.toContain(refreshToken.split('.')[1]);
    });

    test('a login on a device ends the former session of that device, and no other', async () => {
      const phone = await world.register({ deviceId: 'phone' });
      const laptop = await world.logIn(phone.email, { deviceId: 'laptop' });
      const again = await world.logIn(phone.email, { deviceId: 'phone' });
      expect((await phone.http.get('/api/me')).body['code']).toBe('session-revoked');
      expect((await laptop.http.get('/api/me')).status).toBe(200);
      expect((await again.http.get('/api/me')).status).toBe(200);
      expect(await world.eventsOf(phone.id)).toEqual([
        { type: 'session-revoked', data: { sessionId: phone.refreshToken.slice(0, 24), reason: 'replaced' }, actor: null },
      ]);
    });
  });

  describe('refresh', () => {
    test('gives a new pair; the session stays', async () => {
      const person = await world.register();
      const answer = await refresh(person.refreshToken);
      expect(answer.status).toBe(200);
      const next = String(answer.body['refreshToken']);
      expect(next.slice(0, 24)).toBe(person.refreshToken.slice(0, 24));
      expect(next).not.toBe(person.refreshToken);
      expect((await refresh(next)).status).toBe(200);
    });

    const tokenOf = async (answer: ReturnType<typeof refresh>) => String((await answer).body['refreshToken']);
    /** As if the last rotation had been that long ago. */
    const rotatedAgo = async (person: Person, seconds: number) => {
      const rotatedAt = new Date(Date.now() - seconds * 1_000);
      const moved = await world.mongo.db.collection('sessions').updateOne({ userId: person.id }, { $set: { rotatedAt } });
      expect(moved.modifiedCount).toBe(1);
    };

    test('a token used before ends the session, for its owner and for the thief', async () => {
      const person = await world.register();
      const second = await tokenOf(refresh(person.refreshToken));
      const third = await tokenOf(refresh(second));
      const reused = await refresh(person.refreshToken);
      expect(reused.status).toBe(401);
      expect(reused.body['code']).toBe('refresh-token-reused');
      expect((await refresh(third)).body['code']).toBe('session-revoked');
      expect((await person.http.get('/api/me')).body['code']).toBe('session-revoked');
      expect(await world.eventsOf(person.id)).toEqual([
        { type: 'session-revoked', data: { sessionId: person.refreshToken.slice(0, 24), reason: 'refresh-token-reused' }, actor: null },
      ]);
    });

    test('so does the one before the newest, once there was time to hear of the newest', async () => {
      const person = await world.register();
      await refresh(person.refreshToken);
      await rotatedAgo(person, 31);
      expect((await refresh(person.refreshToken)).body['code']).toBe('refresh-token-reused');
      expect((await person.http.get('/api/me')).body['code']).toBe('session-revoked');
    });

    test('whoever lost the answer asks again and gets another one', async () => {
      const person = await world.register();
      await refresh(person.refreshToken);
      await rotatedAgo(person, 20);
      const next = await tokenOf(refresh(person.refreshToken));
      await rotatedAgo(person, 900);
      expect((await refresh(next)).status).toBe(200);
      expect(await world.eventsOf(person.id)).toEqual([]);
    });

    test('of tabs that ask at once each gets one, and whichever they keep is good later', async () => {
      for (const kept of [0, 1, 2]) {
        const person = await world.register();
        const tokens = await Promise.all([0, 1, 2].map(() => tokenOf(refresh(person.refreshToken))));
        expect(new Set(tokens).size).toBe(3);
        await rotatedAgo(person, 900);
        expect((await refresh(tokens[kept] ?? '')).status).toBe(200);
        expect(await world.eventsOf(person.id)).toEqual([]);
      }
    });

    test('a thief who was as quick as the owner is found when both go on', async () => {
      const person = await world.register();
      const [owner, thief] = await Promise.all([tokenOf(refresh(person.refreshToken)), tokenOf(refresh(person.refreshToken))]);
      expect((await refresh(owner)).status).toBe(200);
      await rotatedAgo(person, 900);
      expect((await refresh(thief)).body['code']).toBe('refresh-token-reused');
      expect((await person.http.get('/api/me')).body['code']).toBe('session-revoked');
    });

    test.each(['nonsense', `${'a'.repeat(24)}.${'b'.repeat(43)}`, '{"$gt":""}'])('%s is not a token', async (token) => {
      const answer = await refresh(token);
      expect(answer.status).toBe(401);
      expect(answer.body['code']).toBe('unauthenticated');
    });
  });

  describe('sessions', () => {
    test('logging out ends the session at once', async () => {
      const person = await world.register();
      const answer = await person.http.post('/api/auth/logout');
      expect(answer.status).toBe(204);
      expect(answer.headers.get('tidings-events')).toMatch(new RegExp(`^[a-f0-9]{28}@user:${person.id}$`));
      expect((await person.http.get('/api/me')).body['code']).toBe('session-revoked');
      expect((await refresh(person.refreshToken)).body['code']).toBe('session-revoked');
    });

    test('are listed page by page, newest first, and ended one by one or all but this one', async () => {
      const first = await world.register();
      const second = await world.logIn(first.email);
      const third = await world.logIn(first.email);
      const page = await third.http.get<{ items: { id: string; current: boolean }[]; nextCursor: string }>('/api/me/sessions?limit=2');
      expect(page.body.items.map(({ id, current }) => [id, current])).toEqual([
        [third.refreshToken.slice(0, 24), true],
        [second.refreshToken.slice(0, 24), false],
      ]);
      const rest = await third.http.get<{ items: { id: string }[] }>(`/api/me/sessions?limit=2&cursor=${page.body.nextCursor}`);
      expect(rest.body).toMatchObject({ items: [{ id: first.refreshToken.slice(0, 24) }], nextCursor: null });

      expect((await third.http.send('DELETE', `/api/me/sessions/${second.refreshToken.slice(0, 24)}`)).status).toBe(204);
      expect((await third.http.send('DELETE', `/api/me/sessions/${second.refreshToken.slice(0, 24)}`)).status).toBe(404);
      expect((await second.http.get('/api/me')).status).toBe(401);
      expect((await third.http.send('DELETE', '/api/me/sessions')).status).toBe(204);
      expect((await first.http.get('/api/me')).status).toBe(401);
      expect((await third.http.get('/api/me')).status).toBe(200);
    });

    test("are nobody else's business", async () => {
      const [one, other] = await Promise.all([world.register(), world.register()]);
      const path = `/api/me/sessions/${one.refreshToken.slice(0, 24)}`;
      expect((await other.http.get(path)).status).toBe(404);
      expect((await other.http.send('DELETE', path)).status).toBe(404);
      expect((await one.http.get(path)).body).toMatchObject({ current: true });
    });
  });

  describe('the own account', () => {
    test('changes only as it was read', async () => {
      const person = await world.register();
      const changed = await person.http.patch('/api/me', { name: 'Asha K' }, { 'if-match': '"v1"' });
      expect(changed.status).toBe(200);
      expect(changed.headers.get('etag')).toBe('"v2"');
      const stale = await person.http.patch('/api/me', { name: 'Late' }, { 'if-match': '"v1"' });
      expect(stale.status).toBe(412);
      expect(stale.body).toMatchObject({ code: 'version-mismatch', current: { name: 'Asha K', version: 2 } });
    });
  });

  describe('administration', () => {
    test('suspending ends every session with an event each, and logging in is refused until it is lifted', async () => {
      const admin = await world.admin();
      const person = await world.register();
      await world.logIn(person.email);
      const answer = await admin.http.patch(`/api/admin/users/${person.id}`, { status: 'suspended' });
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ status: 'suspended', version: 2 });
      expect((await person.http.get('/api/me')).status).toBe(401);
      const events = await world.eventsOf(person.id);
      expect(events.map(({ type, data, actor }) => [type, data['reason'], actor])).toEqual([
        ['session-revoked', 'suspended', admin.id],
        ['session-revoked', 'suspended', admin.id],
      ]);
      const login = await world.http.post('/api/auth/login', { email: person.email, password });
      expect(login.body['code']).toBe('account-suspended');
      await admin.http.patch(`/api/admin/users/${person.id}`, { status: 'active' });
      expect((await (await world.logIn(person.email)).http.get('/api/me')).status).toBe(200);
      expect((await person.http.get('/api/me')).status).toBe(401);
    });

    test('a login and a suspension at once leave no live session behind', async () => {
      const admin = await world.admin();
      for (let round = 0; round < 5; round++) {
        const person = await world.register();
        await Promise.all([
          admin.http.patch(`/api/admin/users/${person.id}`, { status: 'suspended' }),
          ...Array.from({ length: 3 }, () => world.http.post('/api/auth/login', { email: person.email, password })),
        ]);
        expect(await world.mongo.db.collection('sessions').countDocuments({ userId: person.id, revokedAt: null })).toBe(0);
      }
    });

    test('only administrators suspend, never themselves or a superadmin', async () => {
      const admin = await world.admin();
      const person = await world.register();
      expect((await person.http.patch(`/api/admin/users/${admin.id}`, { status: 'suspended' })).status).toBe(403);
      expect((await admin.http.patch(`/api/admin/users/${admin.id}`, { status: 'suspended' })).body['code']).toBe('forbidden');
      await world.mongo.db.collection<{ _id: string }>('users').updateOne({ _id: person.id }, { $set: { roles: ['customer', 'admin'] } });
      expect((await person.http.patch(`/api/admin/users/${admin.id}`, { status: 'suspended' })).status).toBe(403);
      expect((await admin.http.patch('/api/admin/users/nobody', { status: 'suspended' })).status).toBe(404);
    });

    test('replicas that start together make one first administrator', async () => {
      await world.mongo.db.collection('users').deleteMany({ email: adminEmail });
      const { config, mongo, logger } = world.api.context;
      const replicas = Array.from({ length: 3 }, () => createApi({ config, mongo, logger }));
      await Promise.all(replicas.map((replica) => replica.start()));
      const admins = await world.mongo.db.collection('users').find({ email: adminEmail }).toArray();
      expect(admins.map(({ roles }) => roles)).toEqual([['customer', 'admin', 'superadmin']]);
      await Promise.all(replicas.map((replica) => replica.stop()));
    });
  });

  describe('memberships', () => {
    test('give and take the role and the feed, and tell the user each time', async () => {
      const person = await world.register();
      const { mongo, unitOfWork, access } = world.api.context;
      const memberships = createMemberships(mongo);
      const run = (work: (tx: Tx) => Promise<unknown>) => unitOfWork.run({ actor: null }, work);
      const principal = () => access.principal(person.id, person.refreshToken.slice(0, 24));

      await run((tx) => memberships.add(tx, { userId: person.id, merchantId: 'm1', role: 'staff' }));
      await run((tx) => memberships.add(tx, { userId: person.id, merchantId: 'm1', role: 'staff' }));
      expect(await principal()).toMatchObject({ roles: ['customer', 'merchant'], merchants: ['m1'] });
      await run((tx) => memberships.add(tx, { userId: person.id, merchantId: 'm1', role: 'owner' }));
      expect(await memberships.list('m1', { limit: 10 })).toEqual([
        { userId: person.id, name: 'Asha', email: person.email, role: 'owner' },
      ]);
      await run((tx) => memberships.remove(tx, { userId: person.id, merchantId: 'm1' }));
      expect(await principal()).toMatchObject({ roles: ['customer'], merchants: [] });
      await expect(run((tx) => memberships.remove(tx, { userId: person.id, merchantId: 'm1' }))).rejects.toMatchObject({
        code: 'not-found',
      });

      const changes = (await world.eventsOf(person.id)).map(({ type, data }) => [type, data['reason'], data['feeds']]);
      expect(changes).toEqual(
        ['member-added', 'member-role-changed', 'member-removed'].map((reason) => ['access-changed', reason, ['merchant:m1']]),
      );
    });
  });
});
