import type { Principal, Role } from '@tidings/contracts';
import { createUnitOfWork, ensureFeedIndexes, ensureNotificationIndexes, type OutboxEvent, type Tx, type UnitOfWork } from '@tidings/feed';
import {
  createJobs,
  createMetrics,
  createRedis,
  loadConfig,
  newId,
  type Config,
  type Jobs,
  type Logger,
  type Metrics,
  type Mongo,
  type Redis,
} from '@tidings/platform';
import { createTestStore } from '@tidings/testing';
import { bulkModule, type BulkModule } from '../../src/modules/bulk/index.js';
import { customersModule, type CustomersModule } from '../../src/modules/customers/index.js';
import { enrollmentsModule, type EnrollmentsModule } from '../../src/modules/enrollments/index.js';
import { investmentsModule, type InvestmentsModule } from '../../src/modules/investments/index.js';
import { filesModule, type FilesModule } from '../../src/modules/files/index.js';
import { followMerchantName, loyaltyModule, type LoyaltyModule } from '../../src/modules/loyalty/index.js';
import { merchantSyncModule } from '../../src/modules/merchant-sync/index.js';
import { merchantsModule, type MerchantsModule } from '../../src/modules/merchants/index.js';
import { ordersModule, type OrdersModule } from '../../src/modules/orders/index.js';
import { paymentsModule, type PaymentsModule } from '../../src/modules/payments/index.js';
import { reconciliationModule, type ReconciliationModule } from '../../src/modules/reconciliation/index.js';
import { refundsModule, type RefundsModule } from '../../src/modules/refunds/index.js';
import { payoutsModule, type PayoutsModule } from '../../src/modules/payouts/index.js';
import { plansModule, type PlansModule } from '../../src/modules/plans/index.js';
import { followOrder, scansModule, type ScansModule } from '../../src/modules/scans/index.js';
import { salesModule, type SalesModule } from '../../src/modules/sales/index.js';
import { subscriptionsModule, type SubscriptionsModule } from '../../src/modules/subscriptions/index.js';
import { walletModule, type WalletModule } from '../../src/modules/wallet/index.js';
import { webhooksModule, type WebhooksModule } from '../../src/modules/webhooks/index.js';

export interface Domain {
  config: Config;
  mongo: Mongo;
  redis: Redis;
  jobs: Jobs;
  metrics: Metrics;
  logger: Logger;
  unitOfWork: UnitOfWork;
  wallet: WalletModule;
  files: FilesModule;
  merchants: MerchantsModule;
  bulk: BulkModule;
  loyalty: LoyaltyModule;
  enrollments: EnrollmentsModule;
  customers: CustomersModule;
  scans: ScansModule;
  orders: OrdersModule;
  payments: PaymentsModule;
  sales: SalesModule;
  subscriptions: SubscriptionsModule;
  payouts: PayoutsModule;
  plans: PlansModule;
  investments: InvestmentsModule;
  webhooks: WebhooksModule;
  refunds: RefundsModule;
  reconciliation: ReconciliationModule;
  /** One transaction, and the events that it committed. */
  run<T>(work: (tx: Tx) => Promise<T>, actor?: string): Promise<{ result: T; events: readonly OutboxEvent[] }>;
  /** A user who may call use cases. */
  person(options?: { merchants?: string[]; roles?: Principal['roles'] }): Promise<Principal>;
  /** Puts money into a wallet, as a confirmed top-up does. */
  fund(userId: string, amount: number, currency?: string): Promise<void>;
  stop(): Promise<void>;
}

export interface DomainOptions {
  env?: Record<string, string>;
  jobs?: 'running';
  /** In the place of the configured ones. */
  providers?: Parameters<typeof walletModule>[1];
  /** What transactions take for now. Jobs keep to the machine's clock. */
  now?: () => Date;
}

export const stripeSecret = 'whsec_for_tests_only';

/** The domains without HTTP, on a database of their own. Timers do not run: tests say when a roll-up happens. */
export async function createDomain(options: DomainOptions = {}): Promise<Domain> {
  const { mongo, redisUrl, prefix, logger, close } = await createTestStore();
  const config = loadConfig({
    NODE_ENV: 'test',
    MONGODB_URL: 'mongodb://given.by.the.store',
    REDIS_URL: redisUrl,
    REDIS_PREFIX: prefix,
    JWT_SECRET: 'a secret for tests only',
    STRIPE_WEBHOOK_SECRET: stripeSecret,
    SCANS_PER_CUSTOMER_PER_HOUR: '100000',
    SCANS_PER_BUSINESS_PER_MINUTE: '100000',
    POINTS_BY_HAND_PER_DAY: '1000000000000',
    ...options.env,
  });
  const jobs = createJobs({ mongo, redisUrl, prefix, logger, sweepMs: 100 });
  // Fifty writers of one document take their turns, also on a machine that is busy with other tests.
  const real = createUnitOfWork({ mongo, jobs, deadlineMs: 60_000 });
  const { now } = options;
  const unitOfWork: UnitOfWork = now ? { run: (how, work) => real.run(how, (tx) => work({ ...tx, now: now() })) } : real;
  const metrics = createMetrics();
  const redis = createRedis(redisUrl, { name: 'domain', logger });
  const context = { config, mongo, redis, logger, jobs, unitOfWork, metrics };
  const wallet = walletModule(context, options.providers);
  const files = filesModule(context);
  const merchants = merchantsModule(context, { ...files, renamed: followMerchantName });
  const orders = ordersModule(context, { ...merchants, wallet: wallet.wallet, earn: followOrder });
  const payments = paymentsModule(context, { ...merchants, orders: orders.orders, wallet: wallet.wallet });
  const reconciliation = reconciliationModule(context, { providers: wallet.providers });
  const refunds = refundsModule(context, {
    refunds: wallet.refunds,
    orders: orders.orders,
    paymentRequests: payments.paymentRequests,
  });
  const sales = salesModule(context, { wallet: wallet.wallet, merchants: merchants.merchants });
  const subscriptions = subscriptionsModule(context, { ...merchants, fees: wallet.fees, topUps: wallet.topUps });
  const bulk = bulkModule(context, { ...merchants, ...subscriptions });
  const merchantSync = merchantSyncModule(context, { merchants, ...files, ...subscriptions });
  const webhooks = webhooksModule(context, { ...wallet, ...merchantSync });
  const loyalty = loyaltyModule(context, merchants);
  const enrollments = enrollmentsModule(context, { merchants: merchants.merchants, loyalty });
  const customers = customersModule(context, { merchants: merchants.merchants, loyalty, enrollments });
  const scans = scansModule(context, { merchants: merchants.merchants, loyalty, enrollments });
  const payouts = payoutsModule(context, {
    ledger: wallet.ledger,
    debts: wallet.debts,
    merchants: merchants.merchants,
    members: merchants.members,
  });
  const plans = plansModule(context);
  const investments = investmentsModule(context, { ...plans, ledger: wallet.ledger, debts: wallet.debts });

  await ensureFeedIndexes(mongo);
  await ensureNotificationIndexes(mongo);
  for (const module of [
    wallet,
    files,
    merchants,
    bulk,
    loyalty,
    enrollments,
    customers,
    scans,
    orders,
    payments,
    refunds,
    reconciliation,
    sales,
    subscriptions,
    payouts,
    plans,
    investments,
    merchantSync,
    webhooks,
  ]) {
    for (const [kind, handler] of Object.entries(module.jobs ?? {})) jobs.register(kind, handler);
    await module.start?.();
  }
  await wallet.stop?.();
  await loyalty.stop?.();
  await customers.stop?.();
  await mongo.db.createCollection('users');
  if (options.jobs) await jobs.start();

  const users = mongo.db.collection<{ _id: string }>('users');
  return {
    config,
    mongo,
    redis,
    jobs,
    metrics,
    logger,
    unitOfWork,
    wallet,
    files,
    merchants,
    bulk,
    loyalty,
    enrollments,
    customers,
    scans,
    orders,
    payments,
    sales,
    subscriptions,
    payouts,
    plans,
    investments,
    webhooks,
    refunds,
    reconciliation,
    run: (work, actor) => unitOfWork.run({ actor: actor ?? null }, work),
    async person({ merchants: of = [], roles: given } = {}) {
      const roles: Role[] = [...(given ?? (of.length > 0 ? (['customer', 'merchant'] as const) : (['customer'] as const)))];
      const userId = newId();
      const memberships = of.map((merchantId) => ({ merchantId, role: 'owner' }));
      const fields = {
        _id: userId,
        name: 'Asha',
        email: `${userId}@example.com`,
        passwordHash: 'none',
        roles,
        status: 'active',
        memberships,
        version: 1,
        createdAt: new Date(),
      };
      await users.insertOne(fields);
      return { userId, sessionId: newId(), roles, merchants: of };
    },
    async fund(userId, amount, currency = 'INR') {
      const prepared = await wallet.topUps.prepare(userId, { amount, currency, provider: 'stripe' });
      const topUpId = prepared.topUp._id;
      await unitOfWork.run({ actor: null }, async (tx) => {
        await wallet.topUps.store(tx, prepared);
        await wallet.topUps.credit(tx, { provider: 'stripe', topUpId, amount, currency, providerRef: `pi_${topUpId}` });
      });
    },
    async stop() {
      await jobs.stop();
      redis.disconnect();
      await close();
    },
  };
}
