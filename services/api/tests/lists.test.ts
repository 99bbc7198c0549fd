import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startApi, type Person, type TestApi } from './support/api.js';

/** What MongoDB noted of one query. */
interface Noted {
  ns: string;
  planSummary: string;
  hasSortStage?: boolean;
  docsExamined: number;
  nreturned: number;
}

let api: TestApi;
let admin: Person;
beforeAll(async () => {
  api = await startApi();
  admin = await api.admin();
  const { db } = api.mongo;
  const rows = (make: (at: number) => object) =>
    Array.from({ length: 100 }, (_, at) => ({ _id: `row_${at}` as never, createdAt: new Date(at), receivedAt: new Date(at), ...make(at) }));
  const half = <T>(at: number, one: T, other: T): T => (at % 2 === 0 ? one : other);
  await db
    .collection('webhook_deliveries')
    .insertMany(
      rows((at) => ({ provider: half(at, 'stripe', 'zeffy'), state: half(at, 'processed', 'held'), type: 'made.up', replays: 0 })),
    );
  await db.collection('subscriptions').insertMany(
    rows((at) => ({
      _id: `subscription_${at}` as never,
      plan: half(at, 'basic', 'premium'),
      status: at % 3 === 0 ? 'active' : 'expired',
      startDate: new Date(0),
      endDate: new Date(at * 1_000),
      anchor: new Date(0),
      anchorMonths: 1,
      amount: 0,
      currency: 'INR',
      paymentMethod: null,
      transactionId: null,
      notes: null,
      autoRenew: false,
      payerId: null,
      nextPlan: null,
      grace: null,
      reminded: null,
      version: 1,
      updatedAt: new Date(at),
    })),
  );
  await db.collection('merchants').insertMany(
    rows((at) => ({
      name: 'M',
      ownerName: 'R',
      email: 'm@example.com',
      currency: 'INR',
      timeZone: 'UTC',
      version: 1,
      updatedAt: new Date(at),
      category: half(at, 'food', 'drinks'),
      isActive: at % 5 === 0,
      nameKey: `m ${at}`,
      prefixes: half(at, ['m', 'tea'], ['m', 'milk']),
      deletedAt: null,
    })),
  );
  await db.collection('plans').insertMany(
    rows((at) => ({
      name: 'P',
      nameKey: half(at, 'gold', 'silver'),
      currency: half(at, 'INR', 'USD'),
      published: at % 4 < 2,
      publishAt: null,
      description: null,
      maxAmount: null,
      capacity: null,
      roiBp: 250,
      duration: 30,
      minAmount: 1,
      version: 1,
      deletedAt: null,
      updatedAt: new Date(at),
    })),
  );
  await db.collection('investments').insertMany(
    rows((at) => ({
      userId: half(at, 'a', 'b'),
      planId: at % 4 < 2 ? 'p' : 'q',
      planName: 'P',
      amount: 1,
      currency: 'INR',
      roiBp: 1,
      duration: 1,
      termsVersion: 1,
      status: at % 4 < 3 ? 'ACTIVE' : 'MATURED',
      maturesAt: new Date(at),
      endedAt: null,
      version: 1,
      updatedAt: new Date(at),
    })),
  );
  await db.collection('payouts').insertMany(rows((at) => ({ merchantId: half(at, 'm1', 'm2'), status: half(at, 'paid', 'declined') })));
  await db.collection('reconciliations').insertOne({ _id: 'r1' as never, status: 'completed' });
  await db
    .collection('reconciliation_differences')
    .insertMany(rows((at) => ({ reconciliationId: 'r1', kind: half(at, 'not-credited', 'amount-differs') })));
  await db.command({ profile: 2 });
});
afterAll(async () => {
  await api.mongo.db.command({ profile: 0 });
  await api.stop();
});

/** The queries of one request that read this collection. */
async function notedOf(path: string, collection: string): Promise<Noted[]> {
  const { db } = api.mongo;
  const from = new Date();
  expect([path, (await admin.http.get(path)).status]).toEqual([path, 200]);
  const ns = `${db.databaseName}.${collection}`;
  const found = await db
    .collection('system.profile')
    .find({ ns, op: 'query', ts: { $gte: from } })
    .toArray();
  return found as unknown as Noted[];
}

test.each([
  ['/api/admin/audit', 'audit_log'],
  ['/api/admin/audit?actor=a', 'audit_log'],
  ['/api/admin/audit?action=a.b', 'audit_log'],
  ['/api/admin/audit?target=user:a', 'audit_log'],
  ['/api/admin/api-keys', 'api_keys'],
  ['/api/admin/users', 'users'],
  ['/api/admin/users?role=admin', 'users'],
  ['/api/admin/users?status=suspended', 'users'],
  ['/api/admin/transactions', 'transfers'],
  ['/api/admin/transactions?userId=a&type=payment', 'transfers'],
  ['/api/admin/transactions?merchantId=a', 'transfers'],
  ['/api/admin/transactions?type=payment', 'transfers'],
  ['/api/admin/transactions?paymentMethod=stripe&min=5', 'transfers'],
  ['/api/admin/unmatched-payments?state=open', 'unmatched_payments'],
  ['/api/admin/refunds?status=pending', 'refunds'],
  ['/api/admin/refunds?userId=a', 'refunds'],
  ['/api/admin/refunds?topUpId=a', 'refunds'],
  ['/api/admin/refunds?orderId=a', 'refunds'],
  ['/api/admin/refunds?paymentRequestId=a', 'refunds'],
  ['/api/admin/reconciliations?provider=stripe', 'reconciliations'],
  ['/api/admin/webhook-deliveries', 'webhook_deliveries'],
  ['/api/admin/webhook-deliveries?state=waiting', 'webhook_deliveries'],
  ['/api/admin/webhook-deliveries?provider=razorpay', 'webhook_deliveries'],
  ['/api/admin/payouts?status=requested', 'payouts'],
  ['/api/admin/announcements?status=current', 'notices'],
  ['/api/admin/subscriptions', 'subscriptions'],
  ['/api/admin/subscriptions?status=active', 'subscriptions'],
  ['/api/admin/subscriptions?plan=basic&endsBefore=1970-01-01T00:01:00.000Z', 'subscriptions'],
  ['/api/admin/subscriptions?status=active&plan=premium&endsBefore=1970-01-01T00:01:00.000Z', 'subscriptions'],
  ['/api/merchants/row_1/invoices', 'invoices'],
  // Each of the two filters alone would walk fifty.
  ['/api/admin/webhook-deliveries?provider=stripe&state=held', 'webhook_deliveries'],
  ['/api/merchants', 'merchants'],
  ['/api/merchants?category=shoes', 'merchants'],
  ['/api/merchants?category=food&isActive=true', 'merchants'],
  ['/api/merchants?isActive=true', 'merchants'],
  ['/api/merchants?sort=name&category=food&isActive=false', 'merchants'],
  ['/api/merchants?q=mi', 'merchants'],
  ['/api/merchants?q=tea&isActive=true&category=drinks', 'merchants'],
  ['/api/admin/investments', 'investments'],
  ['/api/admin/investments?status=MATURED', 'investments'],
  ['/api/admin/investments?userId=a&status=MATURED', 'investments'],
  ['/api/admin/investments?planId=q&status=MATURED', 'investments'],
  ['/api/admin/investments?planId=q&userId=a', 'investments'],
  ['/api/investments', 'investments'],
  ['/api/investments?status=ACTIVE', 'investments'],
  ['/api/plans', 'plans'],
  ['/api/plans?published=false', 'plans'],
  ['/api/plans?currency=USD', 'plans'],
  ['/api/plans?currency=USD&published=true', 'plans'],
  ['/api/plans?q=silver', 'plans'],
  ['/api/plans?q=silver&currency=USD&published=true', 'plans'],
  ['/api/admin/payouts?merchantId=m1&status=declined', 'payouts'],
  ['/api/admin/reconciliations/r1/differences?kind=refund-differs', 'reconciliation_differences'],
])('%s goes by an index, in its order', async (path, collection) => {
  const noted = await notedOf(path, collection);
  expect(noted.length).toBeGreaterThan(0);
  for (const { planSummary, hasSortStage = false, docsExamined, nreturned } of noted) {
    expect({ planSummary, hasSortStage }).toEqual({ planSummary: expect.stringMatching(/^IXSCAN/), hasSortStage: false });
    expect(docsExamined).toBeLessThanOrEqual(nreturned);
  }
});

test.each([
  ['/api/admin/webhook-deliveries?provider=stripe', 'webhook_deliveries'],
  ['/api/admin/webhook-deliveries?state=held', 'webhook_deliveries'],
])('%s is read from its cursor on, however far behind', async (path, collection) => {
  let pages = 0;
  for (let cursor: string | null = ''; cursor !== null; pages++) {
    const next: string = `${path}&limit=5${cursor === '' ? '' : `&cursor=${cursor}`}`;
    for (const { docsExamined, nreturned } of await notedOf(next, collection))
      // Those of the cursor's own moment are looked at, too.
      expect([pages, docsExamined <= nreturned + 1]).toEqual([pages, true]);
    cursor = (await admin.http.get<{ nextCursor: string | null }>(next)).body.nextCursor;
  }
  expect(pages).toBe(10);
});
