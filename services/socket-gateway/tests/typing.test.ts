import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newId } from '@tidings/platform';
import { World, type Person, type TestClient } from './world.js';

let here: World;
let there: World;
let customer: Person;
let vendorId: string;
let orderId: string;
let asha: TestClient;
let ravi: TestClient;
let meena: TestClient;

beforeAll(async () => {
  const prefix = `t${newId()}`;
  here = await World.start({ env: { REDIS_PREFIX: prefix, SOCKET_EVENTS_PER_MINUTE: '20' } });
  there = await World.start({ env: { REDIS_PREFIX: prefix, MONGODB_URL: here.config.MONGODB_URL } });
  vendorId = newId();
  orderId = newId();
  customer = await here.person();
  await here.grant(`order:${orderId}`, [`user:${customer.userId}`, `merchant:${vendorId}`]);
  asha = await here.connected(customer);
  ravi = await there.connected(await here.person({ merchants: [vendorId] }));
  meena = await here.connected(await here.person({ merchants: [vendorId] }));
});
afterAll(async () => {
  await there.stop();
  await here.stop();
});

const typings = (client: TestClient) => client.messages.filter(({ type }) => type === 'typing').map(({ payload }) => payload);

test('reaches the other party on every gateway, and nobody else', async () => {
  const told = { orderId, userId: customer.userId };
  expect(await asha.ask('typing', { orderId })).toEqual({ ok: true });
  for (const member of [ravi, meena]) expect(await member.message('typing')).toEqual(told);

  expect(await ravi.ask('typing', { orderId })).toEqual({ ok: true });
  expect(await asha.message('typing')).toMatchObject({ orderId });
  // What was sent before this reaches everybody before it.
  expect(await asha.ask('typing', { orderId })).toEqual({ ok: true });
  for (const member of [ravi, meena]) await member.message('typing', () => typings(member).length === 2);
  expect(typings(asha)).toHaveLength(1);
  for (const member of [ravi, meena]) expect(typings(member)).toEqual([told, told]);
});

test('strangers and administrators are refused, and nobody hears of them', async () => {
  const before = typings(asha).length;
  for (const roles of [['customer'], ['customer', 'admin']] as const) {
    const other = await here.connected(await here.person({ roles: [...roles] }));
    expect(await other.ask('typing', { orderId })).toMatchObject({ ok: false, error: { code: 'forbidden' } });
    expect(await other.ask('typing', { conversationId: orderId })).toMatchObject({ ok: false, error: { code: 'forbidden' } });
    expect(await other.ask('typing', {})).toMatchObject({ ok: false, error: { code: 'bad-request' } });
  }
  expect(await meena.ask('typing', { orderId })).toEqual({ ok: true });
  await asha.message('typing', () => typings(asha).length > before);
  expect(typings(asha)).toHaveLength(before + 1);
  expect(await here.mongo.db.collection('audit_log').countDocuments()).toBe(0);
});

test('has a limit of its own: who types can still send what was typed', async () => {
  const eager = await here.connected(customer);
  const answers = await Promise.all(Array.from({ length: 30 }, () => eager.ask('typing', { orderId })));
  expect(answers.filter(({ ok }) => !ok).every((answer) => (answer['error'] as { code: string }).code === 'rate-limited')).toBe(true);
  expect(answers.some(({ ok }) => !ok)).toBe(true);
  const sent = await eager.ask('send-message', { orderId, text: 'Hello' });
  // There is no API behind this gateway: the event has got as far as that.
  expect(sent).not.toMatchObject({ error: { code: 'rate-limited' } });
});
