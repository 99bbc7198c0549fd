import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PollAnswer } from '@tidings/contracts';
import { newId } from '@tidings/platform';
import { waitFor } from '@tidings/testing';
import { range, World, type Person, type Received } from './world.js';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.stop());

interface Answer extends PollAnswer {
  status: number;
  code?: string;
}

async function poll(
  who: Pick<Person, 'token'> | undefined,
  feeds: string,
  options: Record<string, string> = {},
  method = 'GET',
): Promise<Answer> {
  const response = await fetch(`${world.url}/api/feeds/poll?${new URLSearchParams({ feeds, wait: '0', ...options })}`, {
    method,
    headers: who ? { authorization: `Bearer ${who.token}` } : {},
  });
  return { status: response.status, ...((await response.json()) as PollAnswer) };
}

const seqs = ({ entries }: PollAnswer): number[] => entries.map(({ data }) => (data as unknown as Received).meta.seq);
const waiting = (feed: string): Promise<unknown> =>
  waitFor('the poll to wait', () => (world.gateway.adapter.hubs.get(feed)?.followers.size ?? 0) > 0);

describe('a poll', () => {
  test('without cursors begins at the head; with them it brings what came since, at once', async () => {
    const who = await world.person();
    const own = `user:${who.userId}`;
    await world.publish(own);
    const first = await poll(who, `${own},plans`);
    expect(first).toEqual({ status: 200, entries: [], cursors: `${world.gateway.adapter.hubs.epoch}.1,0` });
    await world.publish(own, 'new-notification', { title: 'ünï' });
    await world.publish(own, 'order-ready', { orderId: 'o1' });
    for (const method of ['GET', 'POST']) {
      const next = await poll(who, `${own},plans`, { cursors: first.cursors, wait: '25' }, method);
      expect(next).toEqual({
        status: 200,
        entries: [
          { type: 'new-notification', data: { title: 'ünï', meta: expect.objectContaining({ feed: own, seq: 2 }) } },
          { type: 'order-ready', data: { orderId: 'o1', meta: expect.objectContaining({ feed: own, seq: 3 }) } },
        ],
        cursors: `${world.gateway.adapter.hubs.epoch}.3,0`,
      });
    }
  });

  test('waits for what comes, and keeps nothing when it has answered', async () => {
    const who = await world.person();
    const own = `user:${who.userId}`;
    const answer = poll(who, own, { wait: '25' });
    await waiting(own);
    expect(world.gateway.connections()).toBe(1);
    await world.publish(own);
    expect(seqs(await answer)).toEqual([1]);
    const hub = world.gateway.adapter.hubs.get(own)!;
    await waitFor('it to be over', () => world.gateway.connections() === 0);
    expect([hub.followers.size, hub.holds]).toEqual([0, 0]);
  });

  test('answers with nothing when its time is over', async () => {
    const who = await world.person();
    expect((await poll(who, 'plans', { wait: '1' })).entries).toEqual([]);
  });

  test('one after the other, while much is published, they miss nothing and repeat nothing', async () => {
    const who = await world.person();
    const own = `user:${who.userId}`;
    let { cursors } = await poll(who, own);
    const publishing = (async () => {
      for (let index = 0; index < 60; index++) await world.publish(own);
    })();
    const got: number[] = [];
    while (got.length < 60) {
      const answer = await poll(who, own, { cursors, wait: '25' });
      got.push(...seqs(answer));
      ({ cursors } = answer);
    }
    await publishing;
    expect(got).toEqual(range(1, 60));
  });

  test('brings a page at most, and the rest the next time', async () => {
    const who = await world.person();
    const own = `user:${who.userId}`;
    for (let index = 0; index < 12; index++) await world.publish(own, 'new-notification', { message: 'x'.repeat(200_000) });
    const first = await poll(who, own, { cursors: '0' });
    expect(seqs(first)).toEqual(range(1, seqs(first).length));
    expect(seqs(first).length).toBeLessThan(12);
    const rest = await poll(who, own, { cursors: first.cursors });
    expect([...seqs(first), ...seqs(rest)]).toEqual(range(1, 12));
  });

  test('tells of cursors that cannot be continued, and goes on from the heads', async () => {
    const who = await world.person();
    const own = `user:${who.userId}`;
    for (let index = 0; index < 4; index++) await world.publish(own);
    await world.expire(own, 3);
    const answers = [await poll(who, own, { cursors: 'former.2', wait: '25' }), await poll(who, own, { cursors: '99', wait: '25' })];
    const lingering = world.gateway.adapter.hubs.get(own)!;
    lingering.trim(Date.now() + 3_600_000);
    answers.push(await poll(who, own, { cursors: '1', wait: '25' }));
    expect(answers.map(({ resets }) => resets?.map(({ reason, head }) => [reason, head]))).toEqual([
      [['epoch', 4]],
      [['ahead', 4]],
      [['expired', 4]],
    ]);
    for (const { entries, cursors } of answers) expect([entries, cursors]).toEqual([[], `${world.gateway.adapter.hubs.epoch}.4`]);
  });
});

describe('who may', () => {
  test('the same as by any other way', async () => {
    const [who, other] = [await world.person(), await world.person()];
    expect(await poll(undefined, 'plans')).toMatchObject({ status: 401, code: 'unauthenticated' });
    for (const feed of [`user:${other.userId}`, `order:${newId()}`, 'admin'])
      expect(await poll(who, `plans,${feed}`)).toMatchObject({ status: 403, code: 'forbidden' });
  });

  test('a session that ends amid the wait is told, and so is a right that is lost', async () => {
    const who = await world.person({ merchants: ['m1'] });
    const users = world.mongo.db.collection<{ _id: string }>('users');
    const lost = poll(who, 'merchant:m1', { wait: '60' });
    await waiting('merchant:m1');
    await users.updateOne({ _id: who.userId }, { $set: { memberships: [] } });
    await world.publish(`user:${who.userId}`, 'access-changed', { feeds: ['merchant:m1'], reason: 'membership' });
    expect(await lost).toMatchObject({ status: 403, code: 'forbidden' });
    const over = poll(who, 'merchants', { wait: '60' });
    await waiting('merchants');
    await world.mongo.db.collection<{ _id: string }>('sessions').updateOne({ _id: who.sessionId }, { $set: { revokedAt: new Date() } });
    await world.publish(`user:${who.userId}`, 'session-revoked', { sessionId: who.sessionId, reason: 'logged-out' });
    expect(await over).toMatchObject({ status: 401, code: 'session-revoked' });
  });

  test('a token that expires amid the wait is told', async () => {
    const who = await world.person();
    const { createTokens } = await import('@tidings/platform');
    const token = createTokens(world.config.jwtKeys, 2).sign({ sub: who.userId, sid: who.sessionId, roles: ['customer'] });
    expect(await poll({ token }, 'plans', { wait: '60' })).toMatchObject({ status: 401, code: 'token-expired' });
  });
});

test('a gateway that stops answers those who wait with what there is', async () => {
  const leaving = await World.start();
  const who = await leaving.person();
  const answer = fetch(`${leaving.url}/api/feeds/poll?feeds=plans&wait=60`, { headers: { authorization: `Bearer ${who.token}` } });
  await waitFor(
    'the poll to wait',
    () => leaving.gateway.connections() === 1 && (leaving.gateway.adapter.hubs.get('plans')?.followers.size ?? 0) > 0,
  );
  const stopping = leaving.gateway.stop();
  const response = await answer;
  expect([response.status, response.headers.get('connection')]).toEqual([200, 'close']);
  expect(await response.json()).toEqual({ entries: [], cursors: expect.stringMatching(/\.0$/) });
  await stopping;
  await leaving.stop();
});
