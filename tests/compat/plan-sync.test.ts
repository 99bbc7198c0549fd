import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { expectStatus, waitFor, type Account } from '@tidings/testing';
import { startTcpProxy } from '../e2e/support/tcp-proxy.js';
import { usePlanSync, type PlanChangeEvent, type PlanSync } from './support/plan-sync.js';
import { startProduct, type Product } from './support/product.js';

// The investment app's plan sync as it is out there: what its hook and its two pages do with `GET /api/plans/subscribe`.

let product: Product;
let admin: Account;
const open: PlanSync[] = [];

beforeAll(async () => {
  product = await startProduct();
  admin = await product.admin();
}, 120_000);

afterAll(async () => {
  for (const sync of open) sync.disconnect();
  await product?.stop();
});

interface Plan {
  id: string;
  name: string;
  roi: number;
}

const createPlan = async (name: string, roi = 2.5): Promise<Plan> =>
  (
    await expectStatus(
      201,
      admin.http.post<Plan & Record<string, unknown>>('/api/admin/plans', { name, roi, duration: 30, minAmount: 100 }),
    )
  ).body;
const fetchPlans = async (): Promise<Plan[]> => ((await (await fetch(`${product.url}/api/plans`)).json()) as { items: Plan[] }).items;

function subscribe(onPlanChange: (event: PlanChangeEvent) => void, options: { url?: string; query?: string } = {}): PlanSync {
  const sync = usePlanSync(`${options.url ?? product.url}/api/plans/subscribe${options.query ?? ''}`, onPlanChange);
  open.push(sync);
  return sync;
}

/** `src/app/(user)/dashboard/plans/page.tsx` */
function userPage(options?: { url: string }) {
  const page = { syncStatus: 'Initializing...', plans: [] as Plan[] };
  const sync = subscribe((event) => {
    if (event.type === 'CONNECTED') page.syncStatus = 'Live';
    else if (event.type === 'UPDATE' || event.type === 'CREATE') {
      page.syncStatus = 'Syncing...';
      void fetchPlans().then((plans) => {
        page.plans = plans;
        page.syncStatus = 'Live';
      });
    }
  }, options);
  return { page, sync };
}

/** `src/app/(admin)/admin/dashboard/plans/page.tsx` */
async function adminPage() {
  const { body } = await admin.http.post<{ ticket: string }>('/api/feeds/tickets', {});
  const toasts: string[] = [];
  const sync = subscribe(
    (event) => {
      if (event.type === 'UPDATE' || event.type === 'CREATE' || event.type === 'DELETE')
        toasts.push(`Plan ${event.type.toLowerCase()} by ${event.adminEmail}`);
    },
    { query: `?ticket=${body.ticket}` },
  );
  return { toasts, sync };
}

test('the endpoint is a stream of events, as the documentation of the app says', async () => {
  const controller = new AbortController();
  const response = await fetch(`${product.url}/api/plans/subscribe`, { signal: controller.signal });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  expect(response.headers.get('cache-control')).toMatch(/no-cache/);
  expect(response.headers.get('connection')).toBe('keep-alive');
  controller.abort();
});

describe('the scenarios of the app', () => {
  let user: ReturnType<typeof userPage>;
  let boss: Awaited<ReturnType<typeof adminPage>>;
  let premium: Plan;
  beforeAll(async () => {
    premium = await createPlan('Premium', 2.5);
    user = userPage();
    boss = await adminPage();
    await Promise.all([user.sync.event('CONNECTED'), boss.sync.event('CONNECTED')]);
  });

  test('it connects, and says so', () => {
    expect([user.page.syncStatus, user.sync.isConnected()]).toEqual(['Live', true]);
    expect(user.sync.events[0]).toEqual({ type: 'CONNECTED', timestamp: expect.any(Number) });
  });

  test('1: an administrator changes the ROI, and every page shows it', async () => {
    await expectStatus(200, admin.http.send('PUT', `/api/admin/plans/${premium.id}`, { roi: 3.5 }));
    const event = await user.sync.event('UPDATE', premium.id);
    expect(event).toMatchObject({ type: 'UPDATE', planId: premium.id, planData: { id: premium.id, name: 'Premium', roi: 3.5 } });
    expect(Number.isInteger(event.timestamp)).toBe(true);
    expect(event).not.toHaveProperty('adminEmail');
    await waitFor('the list', () => user.page.plans.find(({ id }) => id === premium.id)?.roi === 3.5);
    await waitFor('the toast', () => boss.toasts.includes(`Plan update by ${admin.email}`));
  });

  test('2: an administrator deletes a plan, and it is gone', async () => {
    const silver = await createPlan('Silver');
    await user.sync.event('CREATE', silver.id);
    await expectStatus(204, admin.http.send('DELETE', `/api/admin/plans/${silver.id}`));
    expect(await user.sync.event('DELETE', silver.id)).toMatchObject({ type: 'DELETE', planId: silver.id });
    await waitFor('the toast', () => boss.toasts.includes(`Plan delete by ${admin.email}`));
    expect((await fetchPlans()).map(({ id }) => id)).not.toContain(silver.id);
  });

  test('3: an administrator creates a plan, and it is everywhere', async () => {
    const platinum = await createPlan('Platinum', 5);
    expect(await user.sync.event('CREATE', platinum.id)).toMatchObject({ planData: { name: 'Platinum', roi: 5 } });
    await waitFor('the list', () => user.page.plans.some(({ id }) => id === platinum.id));
    await waitFor('the toast', () => boss.toasts.includes(`Plan create by ${admin.email}`));
  });

  test('`getPlanSubscriberCount` counts the streams', async () => {
    await waitFor('both of them', async () => {
      const { count } = (await (await fetch(`${product.url}/api/plans/subscribers`)).json()) as { count: number };
      return count === 2;
    });
  });

  test('`usePlanSyncPolling` finds the same by asking', async () => {
    const before = await fetchPlans();
    const added = await createPlan('Copper');
    const after = await fetchPlans();
    expect(after.map(({ id }) => id).toSorted((a, b) => a.localeCompare(b))).toEqual(
      [...before.map(({ id }) => id), added.id].toSorted((a, b) => a.localeCompare(b)),
    );
  });
});

test('it comes back after 3 s when the connection is lost', async () => {
  const proxy = await startTcpProxy(product.url);
  try {
    const { page, sync } = userPage({ url: proxy.url });
    await sync.event('CONNECTED');
    proxy.cut();
    await waitFor('the loss', () => !sync.isConnected());
    proxy.restore();
    await waitFor('it to be back', () => sync.isConnected());
    const plan = await createPlan('Bronze');
    await sync.event('CREATE', plan.id);
    await waitFor('the list', () => page.plans.some(({ id }) => id === plan.id));
    sync.disconnect();
  } finally {
    await proxy.stop();
  }
});
