import { runMain } from '@tidings/platform';
import {
  assertContiguous,
  connectClient,
  eventsOf,
  postStripeEvent,
  stripeEvent,
  waitFor,
  type Received,
  type TestClient,
} from '@tidings/testing';
import { ensureDemoData, type DemoLogin } from './demo-data.js';
import { createGatewayProcess } from './gateway-process.js';
import { readProductFile } from './product-file.js';

const paint = process.stdout.isTTY ? (code: number, text: string) => `\u001b[${code}m${text}\u001b[0m` : (_: number, text: string) => text;
const colours: Record<string, number> = { customer: 36, vendor: 33, admin: 35 };
const say = (text: string): void => void process.stdout.write(`\n${paint(1, text)}\n`);
const rupees = new Intl.NumberFormat('en-IN', { style: 'currency', currency: 'INR' });
const money = (minor: unknown): string => rupees.format(Number(minor) / 100);

/** What is worth reading of an event, in a line. */
function summary(type: string, payload: Received['payload']): string {
  switch (type) {
    case 'balance-updated':
      return `${money(payload['oldBalance'])} → ${money(payload['newBalance'])}`;
    case 'payment-completed':
      return `${money(payload['amount'])} by ${String(payload['paymentMethod'])}`;
    case 'new-order':
      return `${String(payload['item'])} for ${String(payload['customerName'])}, ${money(payload['price'])}`;
    case 'order-status-changed':
      return String(payload['status']);
    case 'new-notification':
    case 'order-ready':
      return String(payload['message']);
    default:
      return '';
  }
}

runMain(async () => {
  const product = readProductFile(process.argv[2] ?? '.tidings');
  if (!product) throw new Error('Nothing runs in this folder. Start the product first, in another terminal: npm start');
  const world = await ensureDemoData(product.url, product.admin);
  const gateway = await createGatewayProcess({ ...product.env, API_URL: product.url });
  await gateway.start();

  let away = false;
  const clients: Record<string, TestClient> = {};
  const follow = async (role: string, login: DemoLogin, url: string): Promise<TestClient> => {
    const client = await connectClient({ url, token: login.token, userId: login.id });
    clients[role] = client;
    client.socket.onAny((type: string, payload: Received['payload']) => {
      if (!payload?.meta) return;
      const late = Date.now() - Date.parse(payload.meta.at);
      const when = away && role !== 'admin' ? 'replayed' : `${late} ms`;
      process.stdout.write(
        `  ${paint(colours[role] ?? 0, role.padEnd(9))} ${type.padEnd(22)} ${summary(type, payload).padEnd(46)} ${paint(2, when)}\n`,
      );
    });
    return client;
  };
  const customer = await follow('customer', world.customer, gateway.url);
  const vendor = await follow('vendor', world.vendor, gateway.url);
  const admin = await follow('admin', world.admin, product.url);
  const { http } = world.customer;

  say(`Three stock Socket.IO clients are connected: customer and vendor by a gateway on ${gateway.url}, the admin by ${product.url}.`);

  say('1. The customer tops up; Stripe posts its signed payment_intent.succeeded to /webhooks/stripe.');
  const amount = 50_000;
  const topUp = await http.post<{ id: string; currency: string }>('/api/wallet/top-ups', { amount, provider: 'stripe' });
  if (topUp.status !== 201) throw new Error(`The top-up was refused: ${JSON.stringify(topUp.body)}`);
  const posted = await postStripeEvent(
    product.url,
    product.env['STRIPE_WEBHOOK_SECRET']!,
    stripeEvent({ topUpId: topUp.body.id, amount, currency: topUp.body.currency }),
  );
  if (!posted.ok) throw new Error(`The webhook was refused: ${posted.status} ${await posted.text()}`);
  await customer.event('payment-completed', ({ transactionId }) => transactionId !== undefined);
  await customer.event('balance-updated');
  await customer.event('new-notification');
  await admin.event('payment-completed');

  say('2. The customer orders and pays from the wallet, in one transaction; the vendor sees it.');
  const [item] = world.items;
  const placed = await http.post<{ id: string }>('/api/orders', {
    vendorId: world.merchant.id,
    items: [{ itemId: item!.id, quantity: 2 }],
  });
  if (placed.status !== 201) throw new Error(`The order was refused: ${JSON.stringify(placed.body)}`);
  const orderId = placed.body.id;
  await customer.seen(eventsOf(placed));
  const ofOrder = (event: Record<string, unknown>): boolean => event['orderId'] === orderId;
  await Promise.all([vendor, admin].map((client) => client.event('new-order', ofOrder)));
  await vendor.event('new-notification', ofOrder);

  const move = async (status: string): Promise<void> => {
    const moved = await world.vendor.http.patch(`/api/orders/${orderId}/status`, { status });
    if (moved.status !== 200) throw new Error(`The order does not move: ${JSON.stringify(moved.body)}`);
  };
  const sees = (client: TestClient, status: string) =>
    client.event('order-status-changed', (event) => event['orderId'] === orderId && event['status'] === status);

  say('3. The vendor prepares it, over the socket.');
  await vendor.call('update-order-status', { orderId, status: 'preparing', estimatedTime: 10 });
  await Promise.all([customer, vendor, admin].map((client) => sees(client, 'preparing')));
  await customer.event('new-notification', ofOrder);

  say('4. kill -9 on the gateway. The vendor goes on over HTTP: the order is ready. Customer and vendor hear nothing; the admin does.');
  away = true;
  await gateway.kill();
  await move('ready');
  await sees(admin, 'ready');

  say('5. The gateway starts again. The clients come back by themselves, each with its cursors, and get what they missed.');
  await gateway.start();
  await sees(customer, 'ready');
  await customer.event('order-ready', ofOrder);
  await sees(vendor, 'ready');
  away = false;

  say('6. Picked up.');
  await move('completed');
  await Promise.all([sees(customer, 'completed'), sees(vendor, 'completed'), sees(admin, 'completed')]);
  await waitFor('the notifications', () => customer.of('new-notification').filter(ofOrder).length >= 4);

  say('Every feed in order, nothing missed, nothing twice:');
  for (const [role, client] of Object.entries(clients)) {
    assertContiguous(client);
    process.stdout.write(`  ${role.padEnd(9)} ${client.received.filter(({ payload }) => payload?.meta).length} events\n`);
    client.close();
  }
  await gateway.kill();
  process.exit(0);
});
