import { describe, expect, jest, test } from '@jest/globals';
import { waitFor } from '@tidings/testing';
import { Redis } from 'ioredis';
import { MongoClient } from 'mongodb';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { majorVersion } from './binaries.mjs';
import { lastError, plannedPackages } from './debian.mjs';
import { checkMongo, checkRedis, givenRedisUrl, withoutPassword } from './given.mjs';
import { startMongo, startRedis } from './index.mjs';
import { ownerOf, takeFolder } from './lock.mjs';
import { cacheFolder, findOnPath } from './paths.mjs';
import { freePort } from './process.mjs';

describe('finding servers', () => {
  test.each([
    ['db version v6.0.5\nBuild Info: {}', 6],
    ['Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0', 7],
    ['nginx version: nginx/1.22.1', 1],
    ['command not found', undefined],
  ])('reads the major version of %j', (output, version) => {
    expect(majorVersion(output)).toBe(version);
  });

  test('looks on the PATH for files that can be executed', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidings-path-'));
    writeFileSync(join(folder, 'plain'), '');
    writeFileSync(join(folder, 'tool'), '', { mode: 0o755 });
    expect(findOnPath('tool', { path: `/nowhere:${folder}`, also: [] })).toBe(join(folder, 'tool'));
    expect(findOnPath('plain', { path: folder, also: [] })).toBeUndefined();
    rmSync(folder, { recursive: true });
  });

  test("keeps what it downloads in the user's cache folder", () => {
    expect(cacheFolder({ XDG_CACHE_HOME: '/var/cache/me' })).toBe('/var/cache/me/tidings');
    expect(cacheFolder({ HOME: '/home/me' })).toBe('/home/me/.cache/tidings');
  });

  test("reads what apt-get would install, and its errors' reasons", () => {
    expect(
      plannedPackages('Reading...\nInst libjemalloc2 (5.3.0-1 Debian:12 [amd64])\nInst redis-server (5:7)\nConf redis-server'),
    ).toEqual(['libjemalloc2', 'redis-server']);
    expect(lastError('Reading package lists...\nE: Unable to locate package redis\n')).toBe('E: Unable to locate package redis');
  });
});

describe('servers named by the environment', () => {
  test('takes REDIS_URL, or REDIS_HOST and REDIS_PORT', () => {
    expect(givenRedisUrl({})).toBeUndefined();
    expect(givenRedisUrl({ REDIS_HOST: 'cache' })).toBe('redis://cache:6379');
    expect(givenRedisUrl({ REDIS_PORT: '7000' })).toBe('redis://127.0.0.1:7000');
    expect(givenRedisUrl({ REDIS_URL: 'rediss://one', REDIS_HOST: 'two' })).toBe('rediss://one');
  });

  test('shows no password', () => {
    expect(withoutPassword('mongodb://me:secret@db/tidings')).toBe('mongodb://me:***@db/tidings');
  });

  test('says so when they do not answer', async () => {
    const port = await freePort();
    await expect(checkRedis(`redis://127.0.0.1:${port}`)).rejects.toThrow(/Redis does not answer at redis:/);
    await expect(checkMongo(`mongodb://127.0.0.1:${port}/`, 300)).rejects.toThrow(/MongoDB does not answer at MONGODB_URL/);
  });
});

test('a data folder has one owner, and outlives one that was killed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-lock-'));
  const first = takeFolder(folder, { port: 8000 });
  expect(takeFolder(folder)).toMatchObject({ taken: false, owner: { pid: process.pid, port: 8000 } });
  if (first.taken) first.tell({ mongodbUrl: 'mongodb://127.0.0.1:1/' });
  expect(ownerOf(folder)).toMatchObject({ pid: process.pid, port: 8000, mongodbUrl: 'mongodb://127.0.0.1:1/' });
  if (first.taken) first.release();
  expect(ownerOf(folder)).toBeUndefined();
  writeFileSync(join(folder, 'running.json'), JSON.stringify({ pid: process.pid, startedAt: 'in another life' }));
  expect(takeFolder(folder).taken).toBe(true);
  rmSync(folder, { recursive: true });
});

test('started servers run transactions, come back on the same port after a kill, and leave nothing behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-servers-'));
  const mongo = await startMongo({ dataDir: join(folder, 'mongo') });
  const redis = await startRedis({ dataDir: join(folder, 'redis') });
  try {
    const client = await MongoClient.connect(mongo.url);
    await client.withSession((session) =>
      session.withTransaction(() => client.db().collection('things').insertOne({ ok: true }, { session })),
    );
    expect(await client.db().collection('things').countDocuments()).toBe(1);
    await client.close();

    const before = redis.pid;
    await redis.kill();
    expect(redis.pid).toBeUndefined();
    await redis.restart();
    expect(redis.pid).not.toBe(before);
    const connection = new Redis(redis.url);
    expect(await connection.ping()).toBe('PONG');
    await connection.quit();

    const said = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    process.kill(redis.pid!, 'SIGKILL');
    await waitFor('its end', () => redis.pid === undefined);
    expect(said.mock.calls.join()).toContain('Redis ended by itself (SIGKILL)\n');
    said.mockRestore();
  } finally {
    await Promise.all([mongo.stop(), redis.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
  expect([redis.pid, ...mongo.members.map((member) => member.pid)]).toEqual([undefined, undefined]);
});
