import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createTickets } from '@tidings/feed';
import { inTransaction } from '@tidings/platform';
import { waitFor } from '@tidings/testing';
import { openStream, type StreamClient, type StreamRequest } from './stream-client.js';
import { World, type Person } from './world.js';

let world: World;
let other: World;
beforeAll(async () => {
  world = await World.start();
  // A second gateway of the same system.
  other = await World.start({ env: { MONGODB_URL: world.config.MONGODB_URL, REDIS_PREFIX: world.config.REDIS_PREFIX } });
});
afterAll(async () => {
  await other.stop();
  await world.stop();
});

async function ticketFor(who: Person, options: { feeds?: string[]; seconds?: number } = {}): Promise<string> {
  const { feeds, seconds = 600 } = options;
  const { userId, sessionId } = who;
  return inTransaction(world.mongo, (session) =>
    createTickets(world.mongo).issue({ userId, sessionId, feeds, expiresAt: new Date(Date.now() + seconds * 1_000) }, session),
  );
}

async function stream(ticket: string, feeds: string, options: StreamRequest & { on?: World } = {}): Promise<StreamClient> {
  const { on = world, ...rest } = options;
  const client = await openStream(`${on.url}/api/feeds/stream`, { ...rest, query: { feeds, ticket, ...rest.query } });
  on.onStop(client.close);
  if (client.status === 200) await client.message('connected');
  else await client.ended;
  return client;
}

const outcome = ({ status, problem }: StreamClient) => [status, problem['code']];

test('a ticket opens what its owner may follow', async () => {
  const who = await world.person();
  const own = `user:${who.userId}`;
  const client = await stream(await ticketFor(who), `plans,${own}`);
  expect(client.messages[0]!.data).toMatchObject({ userId: who.userId });
  await world.publish(own);
  await client.until(own, 1);
  const foreign = await stream(await ticketFor(who), 'user:somebody-else');
  expect(outcome(foreign)).toEqual([403, 'forbidden']);
});

test('and no more than it was made for', async () => {
  const who = await world.person();
  const ticket = await ticketFor(who, { feeds: ['plans', 'merchants'] });
  expect(outcome(await stream(ticket, `plans,user:${who.userId}`))).toEqual([403, 'forbidden']);
  expect(outcome(await stream(ticket, 'merchants'))).toEqual([200, undefined]);
});

test('one that is made up, expired, of an ended session, or beside a token is refused', async () => {
  const who = await world.person();
  expect(outcome(await stream(`tkt_${'a'.repeat(43)}`, 'plans'))).toEqual([401, 'unauthenticated']);
  expect(outcome(await stream('nonsense', 'plans'))).toEqual([400, 'bad-request']);
  expect(outcome(await stream(await ticketFor(who, { seconds: -1 }), 'plans'))).toEqual([401, 'token-expired']);
  expect(outcome(await stream(await ticketFor(who), 'plans', { token: who.token }))).toEqual([400, 'bad-request']);
  const ticket = await ticketFor(who);
  await world.mongo.db.collection<{ _id: string }>('sessions').updateOne({ _id: who.sessionId }, { $set: { revokedAt: new Date() } });
  expect(outcome(await stream(ticket, 'plans'))).toEqual([401, 'session-revoked']);
});

test('it ends with its token, and is no good after', async () => {
  const who = await world.person();
  const ticket = await ticketFor(who, { seconds: 1.5 });
  const client = await stream(ticket, 'plans');
  await client.ended;
  expect(client.messages.at(-1)!.data).toMatchObject({ code: 'token-expired' });
  expect(outcome(await stream(ticket, 'plans', { headers: { 'last-event-id': client.lastEventId } }))).toEqual([401, 'token-expired']);
});

test('nobody who reads the database can use it', async () => {
  const ticket = await ticketFor(await world.person());
  const text = JSON.stringify(await world.mongo.db.collection('feed_tickets').find().toArray());
  expect(text).not.toContain(ticket);
  expect(text).not.toContain(ticket.slice(4));
});

describe('one ticket serves one stream', () => {
  test('a second one is refused while the first is open, on any gateway, and served after it', async () => {
    const ticket = await ticketFor(await world.person());
    const first = await stream(ticket, 'plans');
    expect(outcome(await stream(ticket, 'plans'))).toEqual([409, 'ticket-used']);
    expect(outcome(await stream(ticket, 'plans', { on: other }))).toEqual([409, 'ticket-used']);
    // Where a state was read is no sign of having been served.
    expect(outcome(await stream(ticket, 'plans', { query: { cursors: '0' } }))).toEqual([409, 'ticket-used']);
    first.close();
    await waitFor('the ticket to be given back', async () => (await stream(ticket, 'plans', { on: other })).status === 200);
  });

  const comesBack = async (on: World): Promise<void> => {
    const ticket = await ticketFor(await world.person());
    const first = await stream(ticket, 'plans');
    const again = await stream(ticket, 'plans', { on, headers: { 'last-event-id': first.lastEventId } });
    await first.ended;
    expect(first.messages.at(-1)).toMatchObject({ event: 'error', data: { code: 'ticket-used' } });
    const seq = await world.publish('plans', 'plan-updated');
    await again.until('plans', seq);
    // The end of the first takes nothing from the second.
    expect(outcome(await stream(ticket, 'plans'))).toEqual([409, 'ticket-used']);
  };
  test('coming back to the same gateway takes it from the connection before', () => comesBack(world));
  test('coming back to another gateway takes it from the connection before, which ends with that word', () => comesBack(other));

  test('one that could not be opened leaves the ticket as it was', async () => {
    const who = await world.person();
    const ticket = await ticketFor(who);
    expect(outcome(await stream(ticket, 'admin'))).toEqual([403, 'forbidden']);
    await waitFor('the ticket to be given back', async () => (await stream(ticket, 'plans')).status === 200);
  });

  test('a client that goes while it is taken leaves nothing behind', async () => {
    const who = await world.person();
    const ticket = await ticketFor(who);
    const { hostname, port } = new URL(world.url);
    for (let count = 0; count < 30; count++) {
      const socket = connect(Number(port), hostname);
      await once(socket, 'connect');
      socket.write(`GET /api/feeds/stream?feeds=user:${who.userId}&ticket=${ticket} HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 0\r\n\r\n`);
      for (let turn = 0; turn < count * 2; turn++) await new Promise((resolve) => setImmediate(resolve));
      socket.destroy();
    }
    await waitFor('the ticket to be given back', async () => {
      const client = await stream(ticket, `user:${who.userId}`);
      client.close();
      return client.status === 200;
    });
    await waitFor('everybody to be gone', () => (world.gateway.adapter.hubs.get(`user:${who.userId}`)?.holds ?? 0) === 0);
  });

  test('of two at the same moment one is served', async () => {
    const ticket = await ticketFor(await world.person());
    const both = await Promise.all([stream(ticket, 'plans'), stream(ticket, 'plans', { on: other })]);
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
  });
});
