import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { startNewEpoch } from '@tidings/feed';
import { waitFor } from '@tidings/testing';
import { openStream, type StreamClient } from './stream-client.js';
import { range, World, type Person } from './world.js';

const maxBufferedBytes = 64 * 1024;
let world: World;
let who: Person;
let own: string;
beforeEach(async () => {
  world = await World.start({ tuning: { maxBufferedBytes, drainMs: 200 } });
  who = await world.person();
  own = `user:${who.userId}`;
});
afterEach(() => world.stop());

async function connected(headers: Record<string, string> = {}): Promise<StreamClient> {
  const client = await openStream(`${world.url}/api/feeds/stream`, { token: who.token, query: { feeds: own }, headers });
  world.onStop(client.close);
  if (client.status === 200) await client.message('connected');
  return client;
}

describe('a client that reads nothing', () => {
  test('is cut off at its bound, and comes back with its place', async () => {
    const client = await connected();
    client.pause();
    let sent = 0;
    // Past what the kernel of both ends takes.
    await waitFor('the end', async () => {
      for (let count = 0; count < 20; count++) sent = await world.publish(own, 'new-notification', { message: 'x'.repeat(60_000) });
      return world.gateway.connections() === 0;
    });
    client.resume();
    await client.ended;
    const got = client.seqs(own);
    expect(got).toEqual(range(1, got.length));
    expect(got.length).toBeLessThan(sent);
    const again = await connected({ 'last-event-id': client.lastEventId });
    await again.until(own, sent);
    expect(again.seqs(own)).toEqual(range(got.length + 1, sent));
  });

  test('that replays what it missed holds up nobody, and not much memory', async () => {
    const other = await world.connected(who);
    for (let count = 0; count < 30; count++) await world.publish(own, 'new-notification', { message: 'x'.repeat(30_000) });
    const client = await connected({ 'last-event-id': `${world.gateway.adapter.hubs.epoch}.0` });
    client.pause();
    await other.until(own, 30);
    client.resume();
    await client.until(own, 30);
    expect(client.seqs(own)).toEqual(range(1, 30));
  });
});

describe('a gateway that stops', () => {
  test('sends its streams away with a word about when to come back, and takes no new ones', async () => {
    const clients = await Promise.all([connected(), connected(), connected()]);
    const stopping = world.gateway.stop();
    const refused = await connected();
    await refused.ended;
    expect([refused.status, refused.problem['code'], refused.headers['retry-after']]).toEqual([503, 'unavailable', '1']);
    for (const client of clients) {
      await client.ended;
      expect(client.messages.map(({ event }) => event)).toEqual(['connected']);
      expect(client.retries).toHaveLength(2);
    }
    await stopping;
    expect(world.gateway.connections()).toBe(0);
  });
});

test('a client that goes leaves nothing behind', async () => {
  const clients = await Promise.all([connected(), connected()]);
  const hub = world.gateway.adapter.hubs.get(own)!;
  expect([world.gateway.connections(), hub.followers.size]).toEqual([2, 2]);
  for (const client of clients) client.close();
  await waitFor('them to be gone', () => world.gateway.connections() === 0);
  expect([hub.followers.size, hub.holds, hub.watcher]).toEqual([0, 0, undefined]);
});

test('a client that goes before it is let in leaves nothing behind either', async () => {
  const { hostname, port } = new URL(world.url);
  for (const path of ['stream', 'poll']) {
    for (let count = 0; count < 20; count++) {
      const socket = connect(Number(port), hostname);
      await once(socket, 'connect');
      socket.write(`GET /api/feeds/${path}?feeds=${own} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${who.token}\r\n\r\n`);
      // Amid what is asked of the database, sooner or later.
      for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
      socket.destroy();
    }
  }
  await waitFor('them to be gone', () => world.gateway.connections() === 0);
  const last = await connected();
  expect(world.gateway.connections()).toBe(1);
  last.close();
});

test('a new epoch amid a stream makes it come back, and it is told of every feed', async () => {
  const client = await openStream(`${world.url}/api/feeds/stream`, { token: who.token, query: { feeds: `${own},plans` } });
  await client.message('connected');
  const epoch = await startNewEpoch(world.mongo);
  await world.gateway.adapter.hubs.sweep();
  await client.ended;
  const again = await openStream(`${world.url}/api/feeds/stream`, {
    token: who.token,
    query: { feeds: `${own},plans` },
    headers: { 'last-event-id': client.lastEventId },
  });
  world.onStop(again.close);
  await again.message('feed-reset', ({ feed }) => feed === 'plans');
  expect(again.messages.filter(({ event }) => event === 'feed-reset')).toHaveLength(2);
  expect(again.lastEventId).toBe(`${epoch}.0,0`);
});
