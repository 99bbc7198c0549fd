import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { assertContiguous, createWorld, topUp, waitFor, type World } from '@tidings/testing';
import { startMongo } from '../../tools/servers/index.mjs';

let dataDir: string;
let mongo: Awaited<ReturnType<typeof startMongo>>;
let world: World;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'tidings-away-'));
  mongo = await startMongo({ dataDir });
  process.env['MONGODB_URL'] = mongo.url;
  world = await createWorld();
});

afterAll(async () => {
  await world.stop();
  await mongo.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

test('a stock client that comes back while the database is away tries again until it is there', async () => {
  const person = await world.signUp('Patient');
  const screen = await world.connect(person);
  await topUp(world, person, 1_000);
  await screen.event('balance-updated', (event) => event['newBalance'] === 1_000);
  await world.settled();

  let attempts = 0;
  screen.socket.io.on('close', () => attempts++);
  await mongo.members[0]!.kill();
  screen.socket.io.engine.close();
  await waitFor('a connection that could not begin', () => attempts >= 2, 60_000);
  expect(screen.received.filter(({ type }) => type === 'connect_error').map(({ payload }) => payload['data'])).not.toContainEqual(
    expect.objectContaining({ code: 'unavailable' }),
  );

  await mongo.members[0]!.restart();
  await waitFor('the client to be back', () => screen.received.filter(({ type }) => type === 'connected').length === 2, 60_000);
  await topUp(world, person, 2_000);
  await screen.event('balance-updated', (event) => event['newBalance'] === 3_000);
  assertContiguous(screen);
}, 180_000);
