import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Principal } from '@tidings/contracts';
import type { OutboxEvent } from '@tidings/feed';
import { newId, type JobDocument } from '@tidings/platform';
import { cloudinaryHeaders, cloudinarySecret, waitFor } from '@tidings/testing';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import type { DeliveryDocument } from './webhooks.model.js';

// A PNG of one red pixel.
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==', 'base64');

describe('what Cloudinary tells of merchants', () => {
  let domain: Domain;
  let admin: Principal;
  let media: Server;
  let mediaUrl: string;
  /** What is asked of the media's host is answered with these. */
  let images: Record<string, Buffer>;
  let asked: string[];
  beforeAll(async () => {
    media = createServer(({ url = '' }, response) => {
      asked.push(url);
      const image = images[url];
      if (url === '/elsewhere') response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
      else response.writeHead(image ? 200 : 404).end(image);
    });
    await new Promise<void>((resolve) => void media.listen(0, '127.0.0.1', resolve));
    mediaUrl = `http://127.0.0.1:${(media.address() as AddressInfo).port}`;
    domain = await createDomain({
      jobs: 'running',
      env: { CLOUDINARY_API_SECRET: cloudinarySecret, CLOUDINARY_DELIVERY_URL: mediaUrl },
    });
    admin = await domain.person({ roles: ['customer', 'admin'] });
  });
  beforeEach(() => {
    images = {};
    asked = [];
  });
  afterAll(async () => {
    await domain.stop();
    await new Promise((resolve) => {
      media.close(resolve);
      media.closeAllConnections();
    });
  });

  const deliveries = () => domain.mongo.db.collection<DeliveryDocument>('webhook_deliveries');
  const receive = (body: string, headers = cloudinaryHeaders(body)) =>
    domain.webhooks.webhooks.receive('cloudinary', Buffer.from(body), headers);
  const reaches = (body: string, state: DeliveryDocument['state']) =>
    waitFor(`a delivery to be ${state}`, () => deliveries().findOne({ body, state }));
  const told = async (type: string, data: object, state: DeliveryDocument['state'] = 'processed'): Promise<DeliveryDocument> => {
    const body = JSON.stringify({ type, data });
    await receive(body);
    return reaches(body, state);
  };
  const at = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();
  /** A row of the other system's table. */
  const row = (fields: object = {}) => {
    const id = `ext-${newId()}`;
    return { id, name: 'Zarya Store', owner_name: 'Asha', email: `${id}@example.com`, created_at: at(-60), ...fields };
  };
  const created = async (fields: object = {}) => {
    const merchant = row(fields);
    await told('merchant_created', merchant);
    return { ...merchant, ours: (await byEmail(merchant.email))! };
  };
  const byEmail = (email: string) => domain.run((tx) => domain.merchants.merchants.findByEmail(email, tx)).then(({ result }) => result);
  const get = (id: string) => domain.merchants.merchants.get(id);
  const subscriptionOf = (id: string) => domain.merchants.entitlements.records.find(id);
  const eventsOf = (merchantId: string, type: string) =>
    domain.mongo.db.collection<OutboxEvent>('outbox').find({ type, 'data.merchantId': merchantId }).toArray();
  const upload = (fields: object) => ({
    notification_type: 'upload',
    type: 'upload',
    resource_type: 'image',
    timestamp: at(0),
    public_id: 'x',
    secure_url: `${mediaUrl}/logo.png`,
    ...fields,
  });
  const uploaded = async (fields: object, state: DeliveryDocument['state'] = 'processed') => {
    const body = JSON.stringify(upload(fields));
    await receive(body);
    return reaches(body, state);
  };

  test('a merchant that is added there is added here, with its trial; administrators and the audit log know', async () => {
    const { ours } = await created({ phone: '+91 98', address: '', category: 'retail', is_active: 1, subscription_id: null });
    expect(ours).toMatchObject({ name: 'Zarya Store', ownerName: 'Asha', phone: '+91 98', category: 'retail', isActive: true, version: 1 });
    expect(ours).not.toHaveProperty('address');
    expect(await subscriptionOf(ours._id)).toMatchObject({ plan: 'freeTrial', status: 'active' });
    expect(await eventsOf(ours._id, 'merchant-created')).toMatchObject([{ actor: null, cause: { kind: 'webhook' } }]);
    expect(await domain.mongo.db.collection('audit_log').countDocuments({ target: `merchant:${ours._id}` })).toBe(1);
  });

  test('the same news ten times at once, signed once or again, make one merchant', async () => {
    const merchant = row();
    const body = JSON.stringify({ type: 'merchant_created', data: merchant });
    const earlier = cloudinaryHeaders(body, new Date(Date.now() - 60_000));
    await Promise.all([...Array.from({ length: 8 }, () => receive(body)), receive(body, earlier), receive(body, earlier)]);
    await reaches(body, 'processed');
    expect(await deliveries().countDocuments({ body })).toBe(1);
    expect(await domain.mongo.db.collection('merchants').countDocuments({ email: merchant.email })).toBe(1);
    // Without a time of its own it is known by that of its signature, and done once all the same.
    const { created_at: _, ...undated } = row();
    const plain = JSON.stringify({ type: 'merchant_created', data: undated });
    const first = cloudinaryHeaders(plain, new Date(Date.now() - 60_000));
    await Promise.all([receive(plain, first), receive(plain, first), receive(plain)]);
    await waitFor('both to be done', async () => (await deliveries().countDocuments({ body: plain, state: { $ne: 'received' } })) === 2);
    expect((await deliveries().distinct('state', { body: plain })).toSorted()).toEqual(['ignored', 'processed']);
    expect(await domain.mongo.db.collection('merchants').countDocuments({ email: undated.email })).toBe(1);
  });

  test('there is one merchant of each address: one that is here is taken for the same, another is for a person', async () => {
    const input = { name: 'Chai House', ownerName: 'Ravi', email: `${newId()}@example.com` };
    const { result: known } = await domain.run((tx) => domain.merchants.merchants.create(tx, input));
    const merchant = row({ email: input.email.toUpperCase() });
    await told('merchant_created', merchant);
    // What is here stays until something new is told.
    expect(await get(known._id)).toMatchObject({ name: 'Chai House', version: 1 });
    await told('merchant_updated', { id: merchant.id, name: 'Chai Palace', updated_at: at(1) });
    expect(await get(known._id)).toMatchObject({ name: 'Chai Palace', ownerName: 'Ravi' });
    const { reason } = await told('merchant_created', row({ email: input.email }), 'held');
    expect(reason).toBe('There is another merchant with this e-mail address');
  });

  test('a change changes what it names, in either spelling; null takes away', async () => {
    const { id, ours } = await created({ phone: '1', address: 'MG Road' });
    await told('merchant_updated', { id, ownerName: 'Ravi', isActive: false, phone: null, updatedAt: at(1) });
    const changed = await get(ours._id);
    expect(changed).toMatchObject({ name: 'Zarya Store', ownerName: 'Ravi', isActive: false, address: 'MG Road', version: 2 });
    expect(changed).not.toHaveProperty('phone');
    expect(await eventsOf(ours._id, 'merchant-updated')).toMatchObject([
      { to: { byAdmin: true }, data: { contacts: { ownerName: 'Ravi' } } },
    ]);
    // A merchant that the other system knows by our id.
    await told('merchant_updated', { id: ours._id, name: 'By our id', updated_at: at(2) });
    expect((await get(ours._id)).name).toBe('By our id');
  });

  test('what is older than what was told, or was changed here, changes nothing', async () => {
    const { id, ours } = await created();
    const name = async () => (await get(ours._id)).name;
    await told('merchant_updated', { id, name: 'Third', updated_at: at(30) });
    await told('merchant_updated', { id, name: 'Second', updated_at: at(20) }, 'ignored');
    expect(await name()).toBe('Third');
    await told('merchant_updated', { id, name: 'Fourth', updated_at: at(40) });
    expect(await name()).toBe('Fourth');
    // Their clock may be behind: what is told counts by theirs, what is changed here by ours.
    const { id: other, ours: changed } = await created();
    await domain.run((tx) => domain.merchants.administration.update(tx, admin, changed._id, { name: 'Ours' }), admin.userId);
    await told('merchant_updated', { id: other, name: 'Before ours', updated_at: at(-1) }, 'ignored');
    expect((await get(changed._id)).name).toBe('Ours');
    await told('merchant_updated', { id: other, name: 'After ours', updated_at: at(1) });
    expect((await get(changed._id)).name).toBe('After ours');
  });

  test('a change that comes before its merchant waits for it', async () => {
    const merchant = row();
    const change = { id: merchant.id, name: 'Renamed', updated_at: at(-1) };
    await told('merchant_updated', change, 'waiting');
    await told('merchant_created', merchant);
    await reaches(JSON.stringify({ type: 'merchant_updated', data: change }), 'processed');
    expect((await byEmail(merchant.email))?.name).toBe('Renamed');
  });

  test('an address that another has is refused where administrators see it, once', async () => {
    const [one, other] = [await created(), await created()];
    const { _id, reason } = await told('merchant_updated', { id: one.id, email: other.email, updated_at: at(1) }, 'held');
    expect(reason).toBe('There is a merchant with this e-mail address');
    expect(await domain.mongo.db.collection<JobDocument>('jobs').findOne({ _id: `webhook:${_id}` })).toMatchObject({ state: 'done' });
    const { page } = await domain.webhooks.deliveries.list({ limit: 100, state: 'held', provider: 'cloudinary' });
    expect(page.map((delivery) => delivery._id)).toContain(_id);
    const resolve = (decision: 'credit' | 'dismiss') =>
      domain.run((tx) => domain.webhooks.deliveries.resolve(tx, admin, _id, { decision, reason: 'Asked them' }), admin.userId);
    await expect(resolve('credit')).rejects.toMatchObject({ code: 'invalid-transition' });
    expect((await resolve('dismiss')).result.state).toBe('dismissed');
  });

  describe('a subscription', () => {
    const end = new Date(Date.now() + 90 * 86_400_000);

    test('has the plan, status, end and notes that are told, and is not changed by what it is already', async () => {
      const { id, ours } = await created();
      const data = {
        id: 'sub-1',
        merchant_id: id,
        plan: 'premium',
        status: 'active',
        end_date: end.toISOString().slice(0, 19).replace('T', ' '),
        amount: '2499.00',
        notes: 'Paid by bank',
      };
      await told('subscription_updated', { ...data, updated_at: at(1) });
      const subscription = await subscriptionOf(ours._id);
      expect(subscription).toMatchObject({ plan: 'premium', status: 'active', amount: 249_900, notes: 'Paid by bank', version: 2 });
      expect(Math.abs(subscription!.endDate.getTime() - end.getTime())).toBeLessThan(1_000);
      await told('subscription_updated', { ...data, updated_at: at(2) }, 'ignored');
      expect((await subscriptionOf(ours._id))?.version).toBe(2);
      await told('subscription_updated', { merchant_id: id, plan: 'basic', updated_at: at(1.5) }, 'ignored');
      expect((await subscriptionOf(ours._id))?.plan).toBe('premium');
    });

    test('that is ended by it stops selling; a step that its states do not have is a refusal that is seen, not tried for ever', async () => {
      const { id, ours } = await created();
      await told('subscription_updated', { merchantId: id, status: 'suspended', updatedAt: at(1) });
      expect((await get(ours._id)).stoppedBy).toBe('suspended');
      const { _id, reason } = await told('subscription_updated', { merchantId: id, status: 'expired', updatedAt: at(2) }, 'held');
      expect(reason).toBe('A subscription that is suspended cannot be ended');
      expect(await domain.mongo.db.collection<JobDocument>('jobs').findOne({ _id: `webhook:${_id}` })).toMatchObject({ state: 'done' });
      expect((await subscriptionOf(ours._id))?.status).toBe('suspended');
      const past = await told('subscription_updated', { merchantId: id, status: 'active', endDate: at(-60), updatedAt: at(3) }, 'held');
      expect(past.reason).toContain('endDate must be in the future');
    });
  });

  describe('an upload', () => {
    test('that names a merchant is its logo, read once from where media are', async () => {
      const { id, ours } = await created();
      images['/logo.png'] = png;
      await uploaded({ public_id: `zarya/merchants/${id}/logo` });
      const { logo, version } = await get(ours._id);
      expect(logo).toMatchObject({ width: 1, height: 1 });
      const { file, bytes } = await domain.files.files.get(null, logo!.fileId);
      expect([file.type, bytes.equals(png)]).toEqual(['image/png', true]);
      await uploaded({ public_id: 'x', timestamp: at(-5), context: { custom: { merchant_id: id } } }, 'ignored');
      expect(asked).toEqual(['/logo.png']);
      // It is news of this system, not a change that was made here: what was told before it is not older for that.
      await told('merchant_updated', { id, name: 'After the logo', updated_at: at(-1) });
      expect(await get(ours._id)).toMatchObject({ name: 'After the logo', logo, version: version + 1 });
    });

    test('of anything else is stored and ignored', async () => {
      for (const fields of [{}, { public_id: 'products/7' }, { public_id: 'merchants/1/logo', resource_type: 'video' }])
        await uploaded({ asset_id: newId(), ...fields }, 'ignored');
      expect(asked).toEqual([]);
    });

    test('that is not there yet waits; what is no picture, or is elsewhere, is refused', async () => {
      const { id, ours } = await created();
      const name = { public_id: `merchants/${id}` };
      await uploaded({ ...name, timestamp: at(1) }, 'waiting');
      images['/logo.png'] = png;
      await waitFor('the logo', async () => (await get(ours._id)).logo);
      images['/text'] = Buffer.from('<svg onload="alert(1)"/>');
      images['/large'] = Buffer.concat([png, Buffer.alloc(5 * 1024 * 1024)]);
      for (const [url, reason] of [
        [`${mediaUrl}/text`, /^Images are/],
        [`${mediaUrl}/large`, /^An image may have/],
        ['http://169.254.169.254/latest', /^The image is not at/],
        [mediaUrl.replace('//', '//user@'), /^The image is not at/],
      ] as const)
        expect((await uploaded({ ...name, timestamp: at(2), secure_url: url }, 'held')).reason).toMatch(reason);
      const moved = await uploaded({ ...name, timestamp: at(3), secure_url: `${mediaUrl}/elsewhere` }, 'waiting');
      expect(moved.reason).toMatch(/^The image could not be read/);
    });
  });

  test('what we do not act on is stored and ignored', async () => {
    await told('merchant_celebrated', { id: 'x' }, 'ignored');
    await told('backup_done', { at: newId() }, 'ignored');
  });

  test('a signed body that cannot be meant is a bad request, and nothing is kept of it', async () => {
    const before = await deliveries().countDocuments();
    for (const [type, data] of [
      ['merchant_created', null],
      ['merchant_created', { ...row(), email: 'nobody' }],
      ['merchant_created', { ...row(), name: { $gt: '' } }],
      ['merchant_updated', { name: 'Whose?' }],
      ['merchant_updated', { id: 'x', is_active: 'yes' }],
      ['merchant_updated', { id: 'x', updated_at: 'yesterday' }],
      ['subscription_updated', { merchant_id: 'x', plan: 'gold' }],
      ['subscription_updated', { merchant_id: 'x', end_date: '2026-13-01 00:00:00' }],
    ] as const)
      await expect(receive(JSON.stringify({ type, data }))).rejects.toMatchObject({ code: 'bad-request' });
    expect(await deliveries().countDocuments()).toBe(before);
  });
});
