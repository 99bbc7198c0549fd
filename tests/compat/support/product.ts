import { createPeople, createStall, postStripeEvent, stripeEvent, type Account, type People, type Stall } from '@tidings/testing';
import { freePort } from '../../../tools/servers/index.mjs';
import { createStarts } from '../../e2e/support/start.js';

/** What `npm start` runs, on the tests' data servers, with a festival's stall on it. */
export interface Product extends People {
  url: string;
  port: number;
  /** Its log so far. */
  log(): string;
  stripeSecret: string;
  stop(): Promise<void>;
}

const admin = { email: 'boss@festival.example', password: 'the festival begins' };

export async function startProduct(env: Record<string, string> = {}): Promise<Product> {
  const starts = createStarts();
  const port = await freePort();
  const stripeSecret = 'whsec_for_tests_only';
  const start = starts.run({
    PORT: String(port),
    JWT_SECRET: 'your-jwt-secret-and-longer',
    STRIPE_WEBHOOK_SECRET: stripeSecret,
    ADMIN_EMAIL: admin.email,
    ADMIN_PASSWORD: admin.password,
    CORS_ORIGINS: 'http://localhost:3000,https://your-production-domain.com',
    ...env,
  });
  try {
    await start.says('Tidings runs at');
  } catch (error) {
    starts.stop();
    throw error;
  }
  const url = `http://localhost:${port}`;
  return {
    url,
    port,
    stripeSecret,
    log: start.output,
    ...createPeople(url, admin),
    async stop() {
      start.signal('SIGTERM');
      await start.ended;
      starts.stop();
    },
  };
}

/** People of a festival: a customer, a stall with its owner, and a stranger. */
export interface Festival {
  customer: Account;
  stranger: Account;
  /** Of the stall; logged in after becoming its owner. */
  vendor: Account;
  admin: Account;
  stall: Stall;
}

export async function openFestival(product: Product): Promise<Festival> {
  const stall = await createStall(product);
  const [customer, stranger, boss] = await Promise.all([product.signUp('Asha'), product.signUp('Stranger'), product.admin()]);
  return { stall, vendor: stall.owner, customer, stranger, admin: boss };
}

/** A payment to the provider, told by its signed event, as the app's user makes it. */
export async function addFunds(product: Product, { http }: Account, amount: number): Promise<string> {
  const { body } = await http.post<{ id: string; currency: string }>('/api/wallet/top-ups', { amount, provider: 'stripe' });
  const posted = await postStripeEvent(
    product.url,
    product.stripeSecret,
    stripeEvent({ topUpId: body.id, amount, currency: body.currency }),
  );
  if (!posted.ok) throw new Error(`The webhook answered ${posted.status}`);
  return body.id;
}
