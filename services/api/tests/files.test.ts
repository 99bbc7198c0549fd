import { once } from 'node:events';
import { request as rawRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { largestFile } from '@tidings/contracts';
import { newId } from '@tidings/platform';
import { filesModule } from '../src/modules/files/index.js';
import { startApi, type Person, type TestApi } from './support/api.js';
import { boundary, formOf, jpeg, png, webp } from './support/images.js';
import { openShop } from './support/shop.js';

describe('files', () => {
  let api: TestApi;
  let person: Person;
  beforeAll(async () => {
    api = await startApi();
    person = await api.register();
  });
  afterAll(() => api.stop());

  const send = async (
    body: Buffer | ReadableStream,
    { by = person, headers = {} }: { by?: Person; headers?: Record<string, string> } = {},
  ) => {
    const type = `multipart/form-data; boundary=${boundary}`;
    const answer = await fetch(`${api.url}/api/files`, {
      method: 'POST',
      headers: { authorization: `Bearer ${by.token}`, 'content-type': type, ...headers },
      body,
      duplex: 'half',
    } as RequestInit);
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const upload = async (bytes = png(), by = person): Promise<string> => {
    const { status, body } = await send(formOf(bytes), { by });
    expect([status, body['code']]).toEqual([201, undefined]);
    return String(body['id']);
  };
  const get = (id: string, headers: Record<string, string> = {}) => fetch(`${api.url}/api/files/${id}`, { headers });
  const as = ({ token }: Person) => ({ authorization: `Bearer ${token}` });

  test.each([
    ['image/png', png(3, 2)],
    ['image/jpeg', jpeg(3, 2)],
    ['image/webp', webp(3, 2)],
  ])('are kept as they were sent: %s', async (type, bytes) => {
    const { status, body } = await send(formOf(bytes, { filename: 'evil.svg', type: 'image/svg+xml' }));
    expect(status).toBe(201);
    expect(body).toMatchObject({ type, width: 3, height: 2, size: bytes.length });
    const shown = await get(String(body['id']), as(person));
    expect(Buffer.from(await shown.arrayBuffer())).toEqual(bytes);
    expect(Object.fromEntries(shown.headers)).toMatchObject({
      'content-type': type,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cache-control': 'private, no-cache',
    });
    const again = await get(String(body['id']), {
      ...as(person),
      'if-none-match': shown.headers.get('etag')!,
      'cache-control': 'max-age=0',
    });
    expect(again.status).toBe(304);
  });

  test.each([
    ['an SVG', formOf(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'), { filename: 'a.png' }), 415],
    ['a text that says it is a picture', formOf(Buffer.from('hello'), { filename: 'a.png', type: 'image/png' }), 415],
    ['a GIF', formOf(Buffer.from('GIF89a\u0001\u0000\u0001\u0000\u0000\u0000\u0000')), 415],
    ['a picture that ends in its head', formOf(png().subarray(0, 20)), 400],
    ['one of too many pixels', formOf(png(20_000, 1)), 400],
    ['one without pixels', formOf(png(0, 1)), 400],
    ['nothing', formOf(Buffer.alloc(0)), 400],
    ['another part', formOf(png(), { name: 'image' }), 400],
    ['two files', Buffer.concat([formOf(png(), { ends: false }), formOf(png())]), 400],
    ['a form that ends too early', formOf(png()).subarray(0, -30), 400],
    ['one byte too much', formOf(Buffer.concat([png(), Buffer.alloc(largestFile)])), 413],
    ['far too much', formOf(Buffer.alloc(2 * largestFile)), 413],
  ])('refuse %s', async (_name, body, expected) => {
    expect((await send(body)).status).toBe(expected);
  });

  test('refuse what can hold scripts, whatever it is called', async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><script>1</script></svg>');
    const { status, body } = await send(formOf(svg, { filename: 'logo.png', type: 'image/png' }));
    expect([status, body['code']]).toEqual([415, 'unsupported-media-type']);
  });

  test('refuse what is no form, and what does not say how it is divided', async () => {
    expect((await send(png(), { headers: { 'content-type': 'image/png' } })).status).toBe(415);
    expect((await send(formOf(png()), { headers: { 'content-type': 'multipart/form-data' } })).status).toBe(400);
    expect((await fetch(`${api.url}/api/files`, { method: 'POST', body: 'x' })).status).toBe(401);
  });

  test('refuse a body that is too large and does not say so', async () => {
    const { hostname, port } = new URL(api.url);
    const type = `multipart/form-data; boundary=${boundary}`;
    const request = rawRequest({ hostname, port, method: 'POST', path: '/api/files', headers: { ...as(person), 'content-type': type } });
    const answered = once(request, 'response') as Promise<[IncomingMessage]>;
    for (let sent = 0; sent <= largestFile + 65_536; sent += 65_536) request.write(Buffer.alloc(65_536));
    request.end();
    const [answer] = await answered;
    expect(answer.resume().statusCode).toBe(413);
  });

  test('sent again with the same key are one; another file with it is refused', async () => {
    const headers = { 'idempotency-key': newId() };
    const [one, again] = [await send(formOf(png()), { headers }), await send(formOf(png()), { headers })];
    expect(again).toEqual(one);
    expect((await send(formOf(png(2, 2)), { headers })).body['code']).toBe('idempotency-key-reused');
  });

  test('are nobody else’s until something uses them', async () => {
    const id = await upload();
    const stranger = await api.register();
    expect((await get(id)).status).toBe(404);
    expect((await get(id, as(stranger))).status).toBe(404);
    expect((await get(id, as(await api.admin()))).status).toBe(200);
  });

  test('have an end, and how many one person may have unused', async () => {
    const by = await api.register();
    for (let count = 0; count < 20; count++) await upload(png(), by);
    const { status, body } = await send(formOf(png()), { by });
    expect([status, body['code']]).toEqual([429, 'rate-limited']);
  });

  describe('as a logo', () => {
    const sweep = (afterMs: number) => {
      const module = filesModule({ mongo: api.mongo, unitOfWork: undefined as never });
      return module.files.sweep(new Date(Date.now() + afterMs));
    };
    const logo = (id: string) => `/api/merchants/${id}/logo`;
    const hour = 3_600_000;

    test('are set by an owner, everybody’s, and on each directory', async () => {
      const { vendorId, owner } = await openShop(api);
      const fileId = await upload(png(8, 4), owner);
      const stranger = await api.register();
      expect((await stranger.http.send('PUT', logo(vendorId), { fileId })).status).toBe(403);
      const { status, body } = await owner.http.send('PUT', logo(vendorId), { fileId });
      expect([status, body]).toMatchObject([200, { logo: { fileId, width: 8, height: 4 }, version: 2 }]);
      const shown = await get(fileId);
      expect([shown.status, shown.headers.get('cache-control')]).toEqual([200, 'public, max-age=3600']);
      expect((await stranger.http.get(`/api/merchants/${vendorId}`)).body).toMatchObject({ logo: { fileId } });
      const stale = await owner.http.send('PUT', logo(vendorId), { fileId: null }, { 'if-match': '"v1"' });
      expect(stale.status).toBe(412);
      expect(await sweep(48 * hour)).toBeGreaterThanOrEqual(0);
      expect((await get(fileId)).status).toBe(200);
    });

    test('are one’s own file, which nothing else uses', async () => {
      const [one, other] = [await openShop(api), await openShop(api)];
      const fileId = await upload(png(), one.owner);
      expect((await other.owner.http.send('PUT', logo(other.vendorId), { fileId })).status).toBe(404);
      const members = `/api/merchants/${other.vendorId}/members`;
      expect((await other.owner.http.post(members, { userId: one.owner.id, role: 'owner' })).status).toBe(201);
      expect((await one.owner.http.send('PUT', logo(one.vendorId), { fileId })).status).toBe(200);
      const again = await one.owner.http.send('PUT', logo(other.vendorId), { fileId });
      expect(again.body['code']).toBe('already-exists');
    });

    test('that were replaced are swept up, as is what was never used', async () => {
      const { vendorId, owner } = await openShop(api);
      const [first, second, unused] = [await upload(png(), owner), await upload(png(), owner), await upload(png(), owner)];
      for (const fileId of [first, second]) await owner.http.send('PUT', logo(vendorId), { fileId });
      await sweep(2 * hour);
      const stillThere = async () => Promise.all([first, second, unused].map(async (id) => (await get(id, as(owner))).status));
      expect(await stillThere()).toEqual([404, 200, 200]);
      await sweep(25 * hour);
      expect(await stillThere()).toEqual([404, 200, 404]);
      const left = await api.mongo.db.collection('blobs.files').countDocuments({ _id: { $in: [first, unused] as never[] } });
      expect(left).toBe(0);
    });

    test('go with their merchant', async () => {
      const admin = await api.admin();
      const { body } = await admin.http.post('/api/admin/merchants', { name: 'Short', ownerName: 'R', email: `${newId()}@example.com` });
      const id = String(body['id']);
      const fileId = await upload(png(), admin);
      expect((await admin.http.send('PUT', logo(id), { fileId })).status).toBe(200);
      expect((await admin.http.send('DELETE', `/api/admin/merchants/${id}`)).status).toBe(204);
      expect((await get(fileId)).status).toBe(404);
    });
  });
});
