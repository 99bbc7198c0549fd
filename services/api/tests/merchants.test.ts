import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startApi, type TestApi } from './support/api.js';
import { openShop } from './support/shop.js';

describe('merchants over HTTP', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.stop());

  const details = {
    name: 'Chai House',
    ownerName: 'Ravi',
    email: 'ravi@example.com',
    phone: '+91 1',
    timeZone: 'Asia/Kolkata',
    category: 'tea',
  };

  test('administrators add them; everybody sees the public fields, administrators the contacts', async () => {
    const [admin, person] = [await api.admin(), await api.register()];
    expect((await person.http.post('/api/admin/merchants', details)).status).toBe(403);
    const created = await admin.http.post('/api/admin/merchants', details);
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({ name: 'Chai House', currency: 'INR', isActive: true, contacts: { email: 'ravi@example.com' } });
    const path = `/api/merchants/${String(created.body['id'])}`;
    expect((await person.http.get(path)).body).not.toHaveProperty('contacts');
    expect((await admin.http.get(path)).body).toHaveProperty('contacts');
    const listed = await person.http.get<{ items: { id: string }[] }>('/api/merchants?category=tea');
    expect(listed.body.items.map(({ id }) => id)).toContain(created.body['id']);
    expect(listed.headers.get('tidings-cursor')).toContain('merchants=');
    expect((await admin.http.post('/api/admin/merchants', details)).body['code']).toBe('already-exists');
    expect((await admin.http.post('/api/admin/merchants', { ...details, name: 'X', timeZone: 'Mars/Olympus' })).status).toBe(400);
  });

  test('a member has the rights of one from the next request on, until they are taken', async () => {
    const { vendorId, owner } = await openShop(api);
    const staff = await api.register();
    const members = `/api/merchants/${vendorId}/members`;
    expect((await staff.http.get(members)).status).toBe(403);
    expect((await owner.http.post(members, { email: staff.email, role: 'staff' })).status).toBe(201);
    expect((await staff.http.get('/api/me')).body).toMatchObject({
      roles: ['customer', 'merchant'],
      memberships: [{ merchantId: vendorId, role: 'staff' }],
    });
    expect((await staff.http.get<{ items: unknown[] }>(members)).body.items).toHaveLength(2);
    expect((await staff.http.send('DELETE', `${members}/${owner.id}`)).status).toBe(403);
    expect((await owner.http.send('DELETE', `${members}/${staff.id}`)).status).toBe(204);
    expect((await staff.http.get(members)).status).toBe(403);
    expect((await owner.http.post(members, { role: 'staff' })).status).toBe(400);
  });

  test('items: made, changed, taken off by members; read by any login', async () => {
    const { vendorId, itemId, owner } = await openShop(api, { stock: 3 });
    const guest = await api.register();
    const path = `/api/merchants/${vendorId}/items/${itemId}`;
    expect((await guest.http.get(path)).body).toMatchObject({ name: 'Masala chai', price: 100, stock: 3, version: 1 });
    expect((await guest.http.patch(path, { price: 1 })).status).toBe(403);
    for (const stock of [-1, 1.5, '3']) expect((await owner.http.patch(path, { stock })).status).toBe(400);
    expect((await owner.http.patch(path, { stock: 9 })).body).toMatchObject({ stock: 9, version: 2 });
    const stale = await owner.http.send('PATCH', path, { stock: 1 }, { 'if-match': '"v1"' });
    expect(stale.body).toMatchObject({ status: 412, current: { stock: 9, version: 2 } });
    expect((await owner.http.send('DELETE', path)).status).toBe(204);
    expect((await guest.http.get(path)).status).toBe(404);
    expect((await guest.http.get(`/api/merchants/${vendorId}/items`)).body).toEqual({ items: [], nextCursor: null });
  });
});
