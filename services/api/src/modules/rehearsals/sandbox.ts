import { randomBytes } from 'node:crypto';
import { createUnitOfWork, ensureFeedIndexes, type UnitOfWork } from '@tidings/feed';
import { createMetrics, newId, RetryLater, type JobDocument, type Connection, type JobHandler, type Mongo } from '@tidings/platform';
import type { Context } from '../../context.js';
import { walletModule, type WalletModule } from '../wallet/index.js';
import { createSources, webhooksModule, type WebhooksModule, type WebhookSources } from '../webhooks/index.js';

/** The wallet and the webhooks of the product, on a database that is gone when the rehearsal ends. */
export interface Sandbox {
  mongo: Mongo;
  unitOfWork: UnitOfWork;
  wallet: WalletModule;
  webhooks: WebhooksModule;
  sources: WebhookSources;
  /** Does the jobs that wait, until none of them gets on. */
  work(): Promise<void>;
  drop(): Promise<void>;
}

const infix = '_rehearsal_';
/** Longer than any rehearsal takes. */
const leftoverMs = 900_000;

/** MongoDB allows 63 characters. */
const prefixOf = (mongo: Mongo): string => `${mongo.db.databaseName.slice(0, 63 - infix.length - 24)}${infix}`;

export async function createSandbox({ config, mongo, logger }: Pick<Context, 'config' | 'mongo' | 'logger'>): Promise<Sandbox> {
  const name = `${prefixOf(mongo)}${newId()}`;
  const connection = mongo.connection.useDb(name, { useCache: true });
  const db = mongo.client.db(name);
  const own: Mongo = { connection, db, client: mongo.client, close: async () => undefined };
  const secret = () => randomBytes(24).toString('hex');
  const [stripe, razorpay, zeffy] = [`whsec_${secret()}`, secret(), `whsec_${randomBytes(24).toString('base64')}`];
  // No keys: nothing here calls a provider.
  const {
    STRIPE_API_KEY: _s,
    RAZORPAY_KEY_ID: _i,
    RAZORPAY_KEY_SECRET: _k,
    ZEFFY_FORM_URL: _z,
    CLOUDINARY_API_SECRET: _c,
    ...rest
  } = config;
  const safe = {
    ...rest,
    STRIPE_WEBHOOK_SECRET: stripe,
    RAZORPAY_WEBHOOK_SECRET: razorpay,
    ZEFFY_WEBHOOK_SECRET: zeffy,
    SANDBOX_PAYMENTS: false,
  };
  const jobs = db.collection<JobDocument>('jobs');
  const unitOfWork = createUnitOfWork({
    mongo: own,
    jobs: {
      async add(session, { kind, key, data, dueAt = new Date() }) {
        if (await jobs.findOne({ _id: key }, { session })) return;
        await jobs.insertOne({ _id: key, kind, data, state: 'due', dueAt, attempts: 0, createdAt: new Date() }, { session });
      },
      nudge: async () => undefined,
    },
  });
  const context = { config: safe, mongo: own, logger: logger.child({ rehearsal: name }), unitOfWork, metrics: createMetrics() };
  const wallet = walletModule(context);
  const webhooks = webhooksModule(context, wallet);
  const handlers = new Map<string, JobHandler>(Object.entries({ ...webhooks.jobs }));
  await ensureFeedIndexes(own);
  await db.createCollection('jobs');
  await db.createCollection('users');
  await wallet.start?.();
  // Its timer; balances that follow by roll-up are brought up to date at the end.
  await wallet.stop?.();
  await webhooks.start?.();

  const attempt = async (job: JobDocument): Promise<boolean> => {
    const handler = handlers.get(job.kind);
    if (!handler) return false;
    try {
      await handler(job, async (session) => {
        const { modifiedCount } = await jobs.updateOne({ _id: job._id, state: 'due' }, { $set: { state: 'done' } }, { session });
        return modifiedCount === 1;
      });
      return true;
    } catch (error) {
      // What it names is not there yet: it waits, as it would in earnest.
      if (error instanceof RetryLater) return false;
      throw error;
    }
  };

  return {
    mongo: own,
    unitOfWork,
    wallet,
    webhooks,
    sources: createSources({ stripe, razorpay, zeffy: { secret: zeffy } }),
    async work() {
      for (let moved = true; moved;) {
        moved = false;
        for (const job of await jobs.find({ state: 'due' }).sort({ createdAt: 1, _id: 1 }).toArray()) moved = (await attempt(job)) || moved;
      }
    },
    async drop() {
      await db.dropDatabase();
      // Mongoose keeps each such connection otherwise; its types lack this.
      await (mongo.connection as Connection & { removeDb(name: string): unknown }).removeDb(name);
    },
  };
}

/** Databases of rehearsals whose process died. Their name has their age. */
export async function sweepSandboxes(mongo: Mongo, now = Date.now()): Promise<number> {
  const prefix = prefixOf(mongo);
  const { databases } = await mongo.client.db().admin().listDatabases({ nameOnly: true });
  const left = databases.filter(({ name }) => {
    const id = name.startsWith(prefix) ? name.slice(prefix.length) : '';
    return /^[0-9a-f]{24}$/.test(id) && parseInt(id.slice(0, 8), 16) * 1_000 < now - leftoverMs;
  });
  for (const { name } of left) await mongo.client.db(name).dropDatabase();
  return left.length;
}
