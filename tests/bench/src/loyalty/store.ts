import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHttp } from '@tidings/testing';
import { Redis } from 'ioredis';
import { startMongo, startRedis } from '../../../../tools/servers/index.mjs';
import { foreign, type Child } from '../processes.js';
import { createRig, ready, type Person, type Rig, type Service } from '../rig.js';
import { pointsPer, tiers, type Business, type FilledProgram } from './person.js';
import { timeZone } from './visits.js';

/** The product on data servers of its own, which can be stopped and emptied without anybody else noticing. */
export interface Store {
  readonly rig: Rig;
  api(): Promise<Service>;
  /** As after a restart of the machine's services: `mongod` begins with an empty cache, Redis with nothing. */
  chill(api: Service): Promise<void>;
  emptyRedis(): Promise<void>;
  /** What runs now. */
  mongod(): Promise<Pick<Child, 'cpu'>[]>;
  stop(): Promise<void>;
}

/** Indexes over some millions of documents are made while the API starts. */
const readyMs = 900_000;

export async function openStore(): Promise<Store> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tidings-loyalty-'));
  const mongo = await startMongo({ dataDir: join(dataDir, 'mongo') });
  const redis = await startRedis({ dataDir: join(dataDir, 'redis') });
  const rig = await createRig({ mongodbUrl: mongo.url, redisUrl: redis.url });
  const client = new Redis(redis.url);
  return {
    rig,
    api: () => rig.start('api', { readyMs }),
    emptyRedis: async () => void (await client.flushall()),
    mongod: async () => foreign('mongod', (await mongo.primary()).pid ?? 0),
    async chill(api) {
      const primary = await mongo.primary();
      await primary.restart();
      await mongo.primary();
      await client.flushall();
      await ready(api, readyMs);
    },
    async stop() {
      await client.quit();
      await rig.stop();
      await Promise.all([mongo.stop(), redis.stop()]);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Businesses of one member, with two programs each, made by the public API. */
export async function openBusinesses(rig: Rig, api: Service, member: Person, count: number): Promise<Business[]> {
  const post = async <Body>(token: string | undefined, path: string, body: object): Promise<Body> => {
    const answer = await createHttp(api.url, token).post<Body>(path, body);
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const { accessToken: admin } = await post<{ accessToken: string }>(undefined, '/api/auth/login', rig.admin);
  const businesses: Business[] = [];
  for (let index = 0; index < count; index++) {
    const input = { name: `Chai House ${index}`, ownerName: 'Ravi', email: `house${index}@example.com`, timeZone };
    const merchant = await post<{ id: string; name: string }>(admin, '/api/admin/merchants', input);
    await post(admin, `/api/merchants/${merchant.id}/members`, { userId: member.id, role: 'owner' });
    const programs: FilledProgram[] = [];
    for (const enrollment of ['approval', 'automatic'] as const) {
      const program = { name: `Friends by ${enrollment}`, enrollment, tiers, rules: [{ kind: 'amount', points: 1, per: pointsPer }] };
      const { id, name } = await post<{ id: string; name: string }>(member.token, `/api/merchants/${merchant.id}/programs`, program);
      programs.push({ id, name, enrollment });
    }
    businesses.push({ merchantId: merchant.id, name: merchant.name, memberId: member.id, programs });
  }
  return businesses;
}
