import { randomBytes } from 'node:crypto';
import { connectMongo, createLogger, type Logger, type Mongo } from '@tidings/platform';

/** A database and a Redis prefix of its own, for tests of one part. */
export interface TestStore {
  mongo: Mongo;
  redisUrl: string;
  prefix: string;
  logger: Logger;
  close(): Promise<void>;
}

export async function createTestStore(): Promise<TestStore> {
  const prefix = `store_${randomBytes(6).toString('hex')}`;
  const mongo = await connectMongo(databaseUrl(process.env['MONGODB_URL'], prefix));
  return {
    mongo,
    redisUrl: process.env['REDIS_URL']!,
    prefix,
    logger: createLogger({ name: prefix, level: process.env['TEST_LOG_LEVEL'] ?? 'silent' }),
    async close() {
      await mongo.db.dropDatabase();
      await mongo.close();
    },
  };
}

/** The server's URL with another database. */
export function databaseUrl(url: string | undefined, database: string): string {
  if (!url) throw new Error('MONGODB_URL is not set: run the tests with npm test');
  const parsed = new URL(url.replace(/^mongodb:/, 'http:').replace(/,[^/]*/, ''));
  const hosts = /^mongodb:\/\/([^/]*)/.exec(url)![1]!;
  return `mongodb://${hosts}/${database}${parsed.search}`;
}
