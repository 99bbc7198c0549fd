import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { planMessageSchema, type Plan } from '@tidings/contracts';
import { createTickets } from '@tidings/feed';
import { inTransaction, newId } from '@tidings/platform';
import { waitFor } from '@tidings/testing';
import { openStream, type StreamClient, type StreamRequest } from './stream-client.js';
import { World } from './world.js';

let world: World;
beforeAll(async () => {
  world = await World.start({ env: { ANONYMOUS_STREAMS_PER_ADDRESS: '5' }, tuning: { countsMs: 50 } });
});
afterAll(() => world.stop());

async function plans(options: StreamRequest = {}): Promise<StreamClient> {
  const client = await openStream(`${world.url}/api/plans/subscribe`, options);
  world.onStop(client.close);
  if (client.status === 200) await client.message('message');
  else await client.ended;
  return client;
}

const planData = (id: string): Plan => ({
  id,
  name: 'Gold',
  roi: 3.5,
  duration: 30,
  minAmount: 100,
  maxAmount: null,
  currency: 'INR',
  capacity: null,
  publishAt: null,
  published: true,
  version: 1,
  createdAt: '2026-11-01T00:00:00.000Z',
  updatedAt: '2026-11-01T00:00:00.000Z',
});

/** As the relay lays it in the feeds of an event: `adminEmail` only where administrators are. */
async function change(type: string, planId = newId()): Promise<string> {
  const data = { planId, planData: planData(planId), version: 1, timestamp: 1_760_000_000_000 };
  const id = newId();
  await world.publish(['plans', `plan:${planId}`], type, data, { id });
  await world.publish('plans:admin', type, { ...data, adminEmail: 'boss@example.com' }, { id });
  return planId;
}

const changes = ({ messages }: StreamClient): unknown[] => messages.map(({ data }) => [data['type'], data['planId'], data['adminEmail']]);

test('anybody hears of plans, in the words of existing apps and without names of administrators', async () => {
  const client = await plans();
  const ids = [await change('plan-created'), await change('plan-updated'), await change('plan-deleted')];
  await client.message('message', ({ type }) => type === 'DELETE');
  expect(client.messages.map(({ event }) => event)).toEqual(['message', 'message', 'message', 'message']);
  expect(changes(client)).toEqual([
    ['CONNECTED', undefined, undefined],
    ['CREATE', ids[0], undefined],
    ['UPDATE', ids[1], undefined],
    ['DELETE', ids[2], undefined],
  ]);
  expect(client.messages[1]!.data).toEqual({ type: 'CREATE', planId: ids[0], planData: planData(ids[0]!), timestamp: 1_760_000_000_000 });
  for (const { data } of client.messages) expect(planMessageSchema.parse(data)).toEqual(data);
  client.close();
});

test('an administrator hears who it was, by token or ticket; anybody else with a login does not', async () => {
  const [admin, who] = [await world.person({ roles: ['admin'] }), await world.person()];
  const ticket = await inTransaction(world.mongo, (session) =>
    createTickets(world.mongo).issue({ ...admin, expiresAt: new Date(Date.now() + 60_000) }, session),
  );
  const clients = [await plans({ token: admin.token }), await plans({ query: { ticket } }), await plans({ token: who.token })];
  const id = await change('plan-updated');
  for (const client of clients) await client.message('message', ({ planId }) => planId === id);
  expect(clients.map((client) => client.messages.at(-1)!.data['adminEmail'])).toEqual(['boss@example.com', 'boss@example.com', undefined]);
});

test('one plan alone', async () => {
  const id = newId();
  const admin = await world.person({ roles: ['admin'] });
  const clients = [await plans({ query: { planId: id } }), await plans({ token: admin.token, query: { planId: id } })];
  await change('plan-updated');
  await change('plan-updated', id);
  for (const client of clients) {
    await client.message('message', ({ type }) => type === 'UPDATE');
    expect(client.messages.map(({ data }) => [data['type'], data['planId']])).toEqual([
      ['CONNECTED', id],
      ['UPDATE', id],
    ]);
    client.close();
  }
});

describe('coming back', () => {
  test('with Last-Event-ID brings what was missed', async () => {
    const client = await plans();
    await change('plan-updated');
    await client.message('message', ({ type }) => type === 'UPDATE');
    client.close();
    const missed = [await change('plan-created'), await change('plan-deleted')];
    for (const options of [{ headers: { 'last-event-id': client.lastEventId } }, { query: { lastEventId: client.lastEventId } }]) {
      const again = await plans(options);
      await again.message('message', ({ type }) => type === 'DELETE');
      expect(again.messages.slice(1).map(({ data }) => data['planId'])).toEqual(missed);
      again.close();
    }
  });

  test('from another feed, or another history, says that any plan may have changed', async () => {
    const admin = await world.person({ roles: ['admin'] });
    const boss = await plans({ token: admin.token });
    expect(boss.lastEventId).toMatch(/^plans:admin@/);
    const demoted = await plans({ headers: { 'last-event-id': boss.lastEventId } });
    const elsewhere = await plans({ headers: { 'last-event-id': 'former.3' } });
    for (const client of [demoted, elsewhere]) {
      expect(await client.message('message', ({ type }) => type === 'UPDATE')).toEqual({
        type: 'UPDATE',
        planId: '*',
        timestamp: expect.any(Number),
      });
      expect(planMessageSchema.parse(client.messages[1]!.data)).toBeTruthy();
      client.close();
    }
  });
});

test('one address has a bounded number of streams without a login', async () => {
  await waitFor('the others to be gone', () => world.gateway.connections() <= 4);
  const clients: StreamClient[] = [];
  let refused: StreamClient | undefined;
  while (!refused && clients.length < 10) {
    const client = await plans();
    if (client.status === 200) clients.push(client);
    else refused = client;
  }
  expect(clients.length).toBeLessThanOrEqual(5);
  expect([refused?.status, refused?.problem['code']]).toEqual([429, 'rate-limited']);
  // Who has logged in is counted by name.
  const who = await world.person();
  expect((await plans({ token: who.token })).status).toBe(200);
  const answer = await fetch(`${world.url}/api/plans/subscribers`);
  expect(answer.status).toBe(200);
  await waitFor('the count', async () => {
    const { count } = (await (await fetch(`${world.url}/api/plans/subscribers`)).json()) as { count: number };
    return count === world.gateway.connections();
  });
  for (const client of clients) client.close();
});

test('a login that is none is not taken for nobody', async () => {
  const client = await plans({ token: 'x.y.z' });
  expect([client.status, client.problem['code']]).toEqual([401, 'unauthenticated']);
});
