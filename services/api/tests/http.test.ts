import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { defineRoute, feeds, idParams, listOf, listQuery, Problem } from '@tidings/contracts';
import { z } from 'zod';
import type { ApiModule, Context } from '../src/context.js';
import { publicRead, raw, read, write } from '../src/http/bind.js';
import { newestFirst, olderThan, pageByTime } from '../src/http/lists.js';
import { identityModule } from '../src/modules/identity/index.js';
import { startApi, type Person, type TestApi } from './support/api.js';

interface Note {
  _id: string;
  owner: string;
  text: string;
  createdAt: Date;
}

const tag = 'test';
const noteSchema = z.strictObject({ id: z.string(), text: z.string() });
const noteBody = z.strictObject({ text: z.string().min(1).max(50), tags: z.record(z.string(), z.string()).optional() });
const probe = {
  add: defineRoute({
    name: 'addNote',
    method: 'post',
    path: '/api/notes',
    summary: '',
    tag,
    access: 'user',
    body: noteBody,
    status: 201,
    response: noteSchema,
    write: true,
  }),
  addTo: defineRoute({
    name: 'addTo',
    method: 'put',
    path: '/api/notes/:id',
    summary: '',
    tag,
    access: 'user',
    params: idParams,
    body: noteBody,
    status: 200,
    response: noteSchema,
    write: true,
  }),
  refuse: defineRoute({
    name: 'refuse',
    method: 'post',
    path: '/api/refusals',
    summary: '',
    tag,
    access: 'user',
    body: noteBody,
    status: 201,
    response: noteSchema,
    write: true,
  }),
  list: defineRoute({
    name: 'listNotes',
    method: 'get',
    path: '/api/notes',
    summary: '',
    tag,
    access: 'user',
    query: z.strictObject(listQuery),
    status: 200,
    response: listOf(noteSchema),
  }),
  admin: defineRoute({
    name: 'adminOnly',
    method: 'get',
    path: '/api/admin-only',
    summary: '',
    tag,
    access: ['admin'],
    status: 200,
    response: z.strictObject({}),
  }),
  broken: defineRoute({
    name: 'broken',
    method: 'get',
    path: '/api/broken',
    summary: '',
    tag,
    access: 'public',
    status: 200,
    response: z.strictObject({ ok: z.boolean() }),
  }),
  hook: defineRoute({
    name: 'hook',
    method: 'post',
    path: '/webhooks/test',
    summary: '',
    tag,
    access: 'public',
    status: 200,
    response: z.strictObject({ bytes: z.int(), signature: z.string() }),
    raw: true,
  }),
};

function probeModule({ mongo }: Context): ApiModule {
  const notes = mongo.db.collection<Note>('notes');
  let prepared = 0;
  return {
    start: async () => void (await mongo.db.createCollection('notes')),
    routes: [
      write(probe.add, {
        prepare: async () => ++prepared,
        handle: async ({ tx, caller, body, prepared: number }) => {
          const _id = `n${String(number).padStart(6, '0')}`;
          await notes.insertOne({ _id, owner: caller.userId, text: body.text, createdAt: tx.now }, { session: tx.session });
          tx.emit('access-changed', { feeds: [], reason: 'note-added' }, { userId: caller.userId });
          if (body.text === 'someone else') tx.emit('access-changed', { feeds: [], reason: 'note-added' }, { userId: 'another' });
          if (body.text === 'fail') throw new Problem('insufficient-funds');
          return { id: _id, text: body.text };
        },
      }),
      write(probe.addTo, async ({ params, body }) => ({ id: params.id, text: body.text })),
      write(probe.refuse, async ({ tx, caller, body }) => {
        await notes.insertOne(
          { _id: `refused-${tx.now.getTime()}`, owner: caller.userId, text: body.text, createdAt: tx.now },
          { session: tx.session },
        );
        return new Problem('forbidden', 'Refused, and noted');
      }),
      read(
        probe.list,
        async ({ caller, query }) => {
          const found = await notes
            .find({ owner: caller.userId, ...olderThan(query.cursor) })
            .sort(newestFirst)
            .limit(query.limit + 1)
            .toArray();
          const { page, nextCursor } = pageByTime(found, query.limit);
          return { items: page.map(({ _id, text }) => ({ id: _id, text })), nextCursor };
        },
        { feeds: ({ caller }) => [feeds.user(caller.userId), feeds.announcements] },
      ),
      read(probe.admin, async () => ({})),
      publicRead(probe.broken, async () => ({ ok: 'not a boolean' }) as unknown as { ok: boolean }),
      raw(probe.hook, async ({ body, headers }) => ({ bytes: body.length, signature: String(headers['x-signature']) })),
    ],
  };
}

describe('the HTTP layer', () => {
  let world: TestApi;
  let person: Person;
  beforeAll(async () => {
    world = await startApi({ modules: [identityModule, probeModule], env: { CORS_ORIGINS: 'https://app.example.com' } });
    person = await world.register();
  });
  afterAll(() => world.stop());

  const notesOf = (text: string) => world.mongo.db.collection('notes').countDocuments({ text });
  const add = (text: string, key?: string, who = person) => who.http.post('/api/notes', { text }, key ? { 'idempotency-key': key } : {});

  describe('idempotency', () => {
    test('the same key and body get the first answer, with its events, and change nothing', async () => {
      const first = await add('once', 'key-1');
      const second = await add('once', 'key-1');
      expect(second.status).toBe(201);
      expect(second.body).toEqual(first.body);
      expect(first.headers.get('tidings-events')).toMatch(new RegExp(`^[a-f0-9]{28}@user:${person.id}$`));
      expect(second.headers.get('tidings-events')).toBe(first.headers.get('tidings-events'));
      expect(await notesOf('once')).toBe(1);
    });

    test('at once, eight requests with one key make one change and get one answer', async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => add('race', 'key-race')));
      expect(new Set(answers.map(({ status, body }) => `${status} ${JSON.stringify(body)}`)).size).toBe(1);
      expect(answers[0]?.status).toBe(201);
      expect(new Set(answers.map(({ headers }) => headers.get('tidings-events'))).size).toBe(1);
      expect(await notesOf('race')).toBe(1);
      expect(
        await world.mongo.db
          .collection('outbox')
          .countDocuments({ feeds: `user:${person.id}`, _id: (answers[0]?.headers.get('tidings-events') ?? '').split('@')[0] as never }),
      ).toBe(1);
    });

    test('the same key with another body, or for another thing, is refused', async () => {
      await add('first body', 'key-2');
      const other = await add('second body', 'key-2');
      expect(other.status).toBe(409);
      expect(other.body['code']).toBe('idempotency-key-reused');
      const key = { 'idempotency-key': 'key-put' };
      expect((await person.http.send('PUT', '/api/notes/a', { text: 'x' }, key)).status).toBe(200);
      expect((await person.http.send('PUT', '/api/notes/b', { text: 'x' }, key)).body['code']).toBe('idempotency-key-reused');
    });

    test('the order of the fields makes no other body', async () => {
      const send = (text: string) =>
        person.http.post('/api/notes', text, { 'idempotency-key': 'key-order', 'content-type': 'application/json' });
      const first = await send('{"text":"order","tags":{"a":"1","b":"2"}}');
      const second = await send('{"tags":{"b":"2","a":"1"},"text":"order"}');
      expect(second.body).toEqual(first.body);
      expect(second.status).toBe(201);
    });

    test('keys belong to their caller', async () => {
      const other = await world.register();
      await add('mine', 'key-3');
      expect((await add('theirs', 'key-3', other)).status).toBe(201);
    });

    test('a thrown refusal leaves nothing behind, so the key may be tried again', async () => {
      const before = await world.mongo.db.collection('outbox').countDocuments({});
      expect((await add('fail', 'key-4')).body['code']).toBe('insufficient-funds');
      expect((await add('now it works', 'key-4')).status).toBe(201);
      expect(await notesOf('fail')).toBe(0);
      expect(await world.mongo.db.collection('outbox').countDocuments({})).toBe(before + 1);
    });

    test('a returned refusal is committed, and stored', async () => {
      const send = () => person.http.post('/api/refusals', { text: 'refused' }, { 'idempotency-key': 'key-5' });
      const [first, second] = [await send(), await send()];
      expect(first.status).toBe(403);
      expect(first.headers.get('content-type')).toMatch('application/problem+json');
      expect(second.body).toEqual(first.body);
      expect(await notesOf('refused')).toBe(1);
    });

    test('the record is gone after a day', async () => {
      const indexes = await world.mongo.db.collection('idempotency').indexes();
      expect(indexes).toContainEqual(expect.objectContaining({ key: { expiresAt: 1 }, expireAfterSeconds: 0 }));
    });

    test('a key that is none is refused', async () => {
      expect((await add('x', 'with space')).status).toBe(400);
      expect((await add('x', 'a'.repeat(256))).status).toBe(400);
    });
  });

  describe('read your writes', () => {
    test("events in other people's feeds are not told", async () => {
      const answer = await add('someone else');
      expect(answer.headers.get('tidings-events')?.split(', ')).toHaveLength(1);
    });

    test('a read tells from where to follow', async () => {
      const answer = await person.http.get('/api/notes?limit=1');
      expect(answer.headers.get('tidings-cursor')).toMatch(new RegExp(`^epoch=[a-f0-9]{24}; user:${person.id}=\\d+, announcements=\\d+$`));
    });
  });

  describe('lists', () => {
    test('go from page to page', async () => {
      const reader = await world.register();
      for (const text of ['a', 'b', 'c']) await add(text, undefined, reader);
      const first = await reader.http.get<{ items: { text: string }[]; nextCursor: string }>('/api/notes?limit=2');
      expect(first.body.items.map(({ text }) => text)).toEqual(['c', 'b']);
      const second = await reader.http.get<{ items: { text: string }[]; nextCursor: null }>(
        `/api/notes?limit=2&cursor=${first.body.nextCursor}`,
      );
      expect(second.body).toMatchObject({ items: [{ text: 'a' }], nextCursor: null });
    });

    test.each([
      'nonsense',
      '%00',
      encodeURIComponent(Buffer.from('[{"$gt":""}]').toString('base64url')),
      Buffer.from('[1,2,3]').toString('base64url'),
    ])('cursor %s is refused', async (cursor) => {
      const answer = await person.http.get(`/api/notes?cursor=${cursor}`);
      expect(answer.status).toBe(400);
      expect(answer.body['errors']).toEqual([expect.objectContaining({ path: 'cursor' })]);
    });
  });

  describe('bad input', () => {
    const json = { 'content-type': 'application/json' };
    test.each<[string, string, string, unknown, Record<string, string>, number, string]>([
      ['malformed JSON', 'POST', '/api/notes', '{"text":', json, 400, 'bad-request'],
      ['no body', 'POST', '/api/notes', undefined, {}, 400, 'bad-request'],
      ['null', 'POST', '/api/notes', 'null', json, 400, 'bad-request'],
      ['a missing field', 'POST', '/api/notes', {}, {}, 400, 'bad-request'],
      ['an unknown field', 'POST', '/api/notes', { text: 'x', more: 1 }, {}, 400, 'bad-request'],
      ['an operator for a value', 'POST', '/api/notes', { text: { $gt: '' } }, {}, 400, 'bad-request'],
      ['an operator for a key', 'POST', '/api/notes', { text: 'x', tags: { $set: 'y' } }, {}, 400, 'bad-request'],
      ['a prototype key', 'POST', '/api/notes', '{"text":"x","__proto__":{"a":1}}', json, 400, 'bad-request'],
      ['a nested prototype key', 'POST', '/api/notes', '{"text":"x","tags":{"constructor":"y"}}', json, 400, 'bad-request'],
      ['a NUL in a key', 'POST', '/api/notes', '{"text":"x","tags":{"a\\u0000b":"y"}}', json, 400, 'bad-request'],
      ['deep nesting', 'POST', '/api/notes', `${'['.repeat(40_000)}${']'.repeat(40_000)}`, json, 400, 'bad-request'],
      ['a body that is too large', 'POST', '/api/notes', { text: 'x'.repeat(110_000) }, {}, 413, 'payload-too-large'],
      ['a form', 'POST', '/api/notes', 'text=x', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'unsupported-media-type'],
      ['an unknown encoding', 'POST', '/api/notes', '{}', { ...json, 'content-encoding': 'zstd2' }, 415, 'unsupported-media-type'],
      [
        'an unknown charset',
        'POST',
        '/api/notes',
        '{}',
        { 'content-type': 'application/json; charset=klingon' },
        415,
        'unsupported-media-type',
      ],
      ['a doubled parameter', 'GET', '/api/notes?limit=1&limit=2', undefined, {}, 400, 'bad-request'],
      ['an unknown parameter', 'GET', '/api/notes?x=1', undefined, {}, 400, 'bad-request'],
      ['an operator parameter', 'GET', '/api/notes?limit[$gt]=1', undefined, {}, 400, 'bad-request'],
      ['a prototype parameter', 'GET', '/api/notes?__proto__=1', undefined, {}, 400, 'bad-request'],
      ['a limit that is too large', 'GET', '/api/notes?limit=1000', undefined, {}, 400, 'bad-request'],
      ['bad percent-encoding', 'PUT', '/api/notes/%E0%A4%A', { text: 'x' }, {}, 400, 'bad-request'],
      ['an id that is none', 'PUT', '/api/notes/a%24b', { text: 'x' }, {}, 400, 'bad-request'],
      ['an unknown route', 'GET', '/api/nowhere', undefined, {}, 404, 'not-found'],
      ['a route outside of the API', 'GET', '/nowhere', undefined, {}, 404, 'not-found'],
      ['a method that the resource has not', 'DELETE', '/api/notes', undefined, {}, 405, 'method-not-allowed'],
      ['the wrong role', 'GET', '/api/admin-only', undefined, {}, 403, 'forbidden'],
    ])('%s is a problem', async (_what, method, path, body, headers, status, code) => {
      const before = await world.mongo.db.collection('notes').countDocuments({});
      const answer = await person.http.send(method, path, body, headers);
      expect(answer.headers.get('content-type')).toMatch('application/problem+json');
      expect([answer.status, answer.body['code'], answer.body['status']]).toEqual([status, code, status]);
      expect(await world.mongo.db.collection('notes').countDocuments({})).toBe(before);
    });

    test('each bad field is named', async () => {
      const answer = await person.http.post('/api/notes', { text: '', tags: { a: 1 } });
      expect((answer.body['errors'] as { path: string }[]).map(({ path }) => path)).toEqual(['text', 'tags.a']);
    });

    test('an allowed method is told', async () => {
      expect((await person.http.send('DELETE', '/api/notes')).headers.get('allow')).toBe('POST, GET, HEAD, OPTIONS');
    });

    test.each<[string, string | undefined, string]>([
      ['no token', undefined, 'unauthenticated'],
      ['nonsense', 'Bearer nonsense', 'unauthenticated'],
      ['another scheme', 'Basic YTpi', 'unauthenticated'],
      [
        'a token without a signature',
        `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"a"}').toString('base64url')}.`,
        'unauthenticated',
      ],
    ])('%s does not open', async (_what, authorization, code) => {
      const answer = await world.http.send('GET', '/api/notes', undefined, authorization ? { authorization } : {});
      expect([answer.status, answer.body['code']]).toEqual([401, code]);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    });

    test('a fault of ours is a 500 with an id, and tells nothing else', async () => {
      const answer = await world.http.get('/api/broken');
      expect(answer.status).toBe(500);
      expect(answer.body).toEqual({
        type: expect.any(String),
        title: expect.any(String),
        status: 500,
        code: 'internal',
        errorId: expect.stringMatching(/^[a-f0-9]{24}$/),
      });
    });

    test('a client that goes away in the middle of its body harms nobody', async () => {
      await new Promise<void>((resolve) => {
        const req = request(`${world.url}/api/notes`, {
          method: 'POST',
          headers: { ...json, authorization: `Bearer ${person.token}`, 'content-length': '1000' },
        });
        req.on('error', () => resolve());
        req.write('{"text":', () => req.destroy(new Error('gone')));
      });
      expect((await person.http.get('/api/notes')).status).toBe(200);
    });
  });

  describe('raw routes', () => {
    test('get the bytes as sent, up to a megabyte, and a 413 beyond', async () => {
      const body = ` {"a" : 1}${' '.repeat(200_000)}`;
      const answer = await world.http.post('/webhooks/test', body, { 'x-signature': 's', 'content-type': 'application/json' });
      expect(answer.body).toEqual({ bytes: body.length, signature: 's' });
      expect((await world.http.post('/webhooks/test', 'x'.repeat(1_100_000))).status).toBe(413);
    });
  });

  describe('browsers', () => {
    test('may call from the configured origins, with credentials and our headers', async () => {
      const answer = await world.http.send('GET', '/api/notes', undefined, { origin: 'https://app.example.com' });
      expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
      expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
      expect(answer.headers.get('access-control-expose-headers')).toMatch('Tidings-Events');
      const other = await world.http.send('GET', '/api/notes', undefined, { origin: 'https://evil.example.com' });
      expect(other.headers.get('access-control-allow-origin')).toBeNull();
    });

    test('get documentation that loads nothing from elsewhere', async () => {
      const page = await world.http.get<{ text: string }>('/api/docs');
      expect(page.status).toBe(200);
      expect(page.headers.get('content-security-policy')).toMatch("script-src 'self'");
      const assets = [...page.body.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => String(path));
      expect(assets.length).toBeGreaterThanOrEqual(4);
      for (const path of assets) expect([path, (await world.http.get(path)).status]).toEqual([path, 200]);
    });

    test.each([
      ['/api/openapi.json', 'openapi', /^3\.1/],
      ['/api/asyncapi.json', 'asyncapi', /^3\./],
    ])('%s describes the API', async (path, field, version) => {
      const answer = await world.http.get(path);
      expect(answer.status).toBe(200);
      expect(answer.body[field]).toMatch(version);
    });
  });
});

describe('rate limits', () => {
  test('count by user and by address, and say when to come back', async () => {
    const world = await startApi({ env: { HTTP_REQUESTS_PER_MINUTE: '6', LOGIN_ATTEMPTS_PER_MINUTE: '3' } });
    try {
      const one = await world.register();
      const other = await world.register();
      const answers = [];
      for (let i = 0; i < 7; i++) answers.push(await one.http.get('/api/me'));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200, 429]);
      expect(answers[0]?.headers.get('ratelimit-limit')).toBe('6');
      expect(answers[0]?.headers.get('ratelimit-remaining')).toBe('5');
      const refused = answers[6];
      expect(refused?.body).toMatchObject({ code: 'rate-limited', status: 429 });
      expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await other.http.get('/api/me')).status).toBe(200);

      const logins = [];
      for (let i = 0; i < 4; i++) logins.push(await world.http.post('/api/auth/login', { email: one.email, password: 'guess' }));
      expect(logins.map(({ status }) => status)).toEqual([401, 401, 401, 429]);
    } finally {
      await world.stop();
    }
  });

  test('are tighter for what reads much and for rehearsals, by user and route', async () => {
    const world = await startApi({ env: { HEAVY_REQUESTS_PER_MINUTE: '2', REHEARSALS_PER_MINUTE: '1' } });
    try {
      const [root, person] = [await world.admin(), await world.register()];
      const statuses = async (times: number, ask: () => Promise<{ status: number }>) => {
        const seen: number[] = [];
        for (let i = 0; i < times; i++) seen.push((await ask()).status);
        return seen;
      };
      const get = (path: string, as = root) => statuses(3, () => as.http.get(path));
      for (const path of [
        `/api/admin/users/${person.id}/screen`,
        `/api/admin/users/${person.id}/screen/export`,
        '/api/admin/events/nobody/timeline',
        '/api/admin/reconciliations/none/differences',
        '/api/merchants/none/sales',
        '/api/merchants/none/customers.csv',
        '/api/merchants/none/analytics.csv',
      ])
        expect([path, (await get(path)).at(-1)]).toEqual([path, 429]);
      expect(await statuses(3, () => root.http.post('/api/admin/reconciliations', {}))).toContain(429);
      // Each user and each route by itself.
      expect(await get('/api/merchants/none/sales', person)).toEqual([404, 404, 429]);
      expect(await get(`/api/merchants/none/balance`)).toEqual([404, 404, 404]);
      const rehearsal = { userId: person.id, events: [{ kind: 'succeeded', amount: 5 }] };
      expect(await statuses(2, () => root.http.post('/api/admin/rehearsals', rehearsal))).toEqual([201, 429]);
    } finally {
      await world.stop();
    }
  });

  test('of logins do not lock out the others behind the same address, until they are ten times as many', async () => {
    const world = await startApi({ env: { LOGIN_ATTEMPTS_PER_MINUTE: '2' } });
    try {
      const attempt = (email: string) => world.http.post('/api/auth/login', { email, password: 'not the password' });
      const guessed = [];
      for (let i = 0; i < 3; i++) guessed.push((await attempt('one@example.com')).status);
      expect(guessed).toEqual([401, 401, 429]);
      const others = [];
      for (let i = 0; i < 18; i++) others.push((await attempt(`other.${i}@example.com`)).status);
      expect(others).toEqual([...Array.from({ length: 17 }, () => 401), 429]);
    } finally {
      await world.stop();
    }
  });

  test('of logins do not keep those who are logged in from refreshing', async () => {
    const world = await startApi({ env: { LOGIN_ATTEMPTS_PER_MINUTE: '2' } });
    try {
      let { refreshToken } = await world.register();
      for (let i = 0; i < 4; i++) {
        const answer = await world.http.post('/api/auth/refresh', { refreshToken });
        expect(answer.status).toBe(200);
        refreshToken = String(answer.body['refreshToken']);
      }
    } finally {
      await world.stop();
    }
  });
});
