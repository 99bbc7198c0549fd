import { deliveryNotesCollection, type DeliveryNote } from '@tidings/feed';
import { waitFor } from '@tidings/testing';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { World } from './world.js';

let world: World;
beforeAll(async () => {
  world = await World.start({ tuning: { notesMs: 50 }, env: { GATEWAY_ID: 'g7' } });
});
afterAll(() => world.stop());

const notesOf = (userId: string) =>
  world.mongo.db.collection<DeliveryNote>(deliveryNotesCollection).find({ userId }).sort({ connectedAt: 1 }).toArray();
const noted = (userId: string, fits: (notes: DeliveryNote[]) => boolean) =>
  waitFor('the note', async () => {
    const notes = await notesOf(userId);
    return fits(notes) ? notes : undefined;
  });

test('it is noted how far each connection was sent the feeds of few, and when it ended', async () => {
  const who = await world.person();
  const feed = `user:${who.userId}`;
  const client = await world.connected(who);
  await world.publish('announcements');
  for (let count = 0; count < 3; count++) await world.publish(feed);
  await client.until(feed, 3);
  const [note] = await noted(who.userId, ([first]) => first?.to === 3);
  expect(note).toMatchObject({ gateway: 'g7', sessionId: who.sessionId, feed, from: 0, disconnectedAt: null });
  expect(note!.marks.at(-1)).toMatchObject({ to: 3, at: note!.at });
  await world.publish(feed);
  await client.until(feed, 4);
  client.socket.disconnect();
  const all = await noted(who.userId, ([first]) => first?.disconnectedAt != null);
  expect(all).toHaveLength(1);
  expect(all[0]).toMatchObject({ from: 0, to: 4 });
});

test('a client that comes back is noted from its cursor on, one that got nothing not at all, and one that is reset from there', async () => {
  const who = await world.person();
  const feed = `user:${who.userId}`;
  for (let count = 0; count < 5; count++) await world.publish(feed);
  const idle = await world.connected(who);
  idle.socket.disconnect();
  const back = await world.connected(who, { cursors: { [feed]: 2 } });
  await back.until(feed, 5);
  expect(await noted(who.userId, ([first]) => first?.to === 5)).toMatchObject([{ from: 2 }]);
  const ahead = await world.connected(who, { cursors: { [feed]: 99 } });
  await ahead.message('feed-reset');
  await world.publish(feed);
  await ahead.until(feed, 6);
  expect(await noted(who.userId, (notes) => notes.length === 2 && notes.every(({ to }) => to === 6))).toMatchObject([
    { from: 2 },
    { from: 5 },
  ]);
});

test('what is not written yet is written when the gateway stops', async () => {
  const other = await World.start({ tuning: { notesMs: 600_000 }, env: { MONGODB_URL: world.config.MONGODB_URL } });
  const who = await other.person();
  const client = await other.connected(who);
  await other.publish(`user:${who.userId}`);
  await client.until(`user:${who.userId}`, 1);
  expect(await notesOf(who.userId)).toEqual([]);
  await other.stop();
  // Read from the majority, which has a moment later what the primary has.
  expect(await noted(who.userId, (notes) => notes.length > 0)).toMatchObject([{ to: 1, disconnectedAt: expect.any(Date) }]);
});
