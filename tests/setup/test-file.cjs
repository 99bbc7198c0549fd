const { randomBytes } = require('node:crypto');
const { Redis } = require('ioredis');

/**
 * Runs before each test file: a MongoDB database of its own, and an empty Redis that no other file uses at that time. CommonJS: jest calls
 * what a setup file exports only when that is the function itself.
 */
module.exports = async function prepare() {
  // Not by URL: an address may list several hosts, which it refuses.
  const database = `/test_${randomBytes(6).toString('hex')}`;
  process.env['MONGODB_URL'] = (process.env['MONGODB_URL'] ?? '').replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/[^?]*)?/, `$1${database}`);
  const own = (process.env['TIDINGS_TEST_REDIS_URLS'] ?? '').split(',').filter(Boolean);
  const redisUrl = own[(Number(process.env['JEST_WORKER_ID'] ?? 1) - 1) % own.length];
  if (!redisUrl) return; // a Redis named by the environment is not ours to empty
  process.env['REDIS_URL'] = redisUrl;
  const redis = new Redis(redisUrl);
  await redis.flushall();
  await redis.quit();
};
