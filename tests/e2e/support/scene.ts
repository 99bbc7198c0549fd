import type { RouteDefinition } from '@tidings/contracts';
import { createStall, createWorld, expectStatus, password, topUp, waitFor, type Account, type Stall, type World } from '@tidings/testing';

/** A world with something of everything in it, and somebody for each role. */
export interface Scene {
  world: World;
  stall: Stall;
  otherStall: Stall;
  customer: Account;
  /** Has nothing to do with anything of the others. */
  stranger: Account;
  admin: Account;
  /** The service that serves it. */
  urlOf(route: RouteDefinition): string;
  placeOrder(): Promise<{ id: string }>;
  /** Something for the customer to read. */
  notification(): Promise<{ id: string }>;
  item(): Promise<{ id: string }>;
  /** Waits until nothing happens any more by itself. */
  quiet(): Promise<void>;
  /** A hash of each collection that requests may change. */
  hashes(): Promise<Record<string, string>>;
}

/** Written by timers, whatever clients do. */
const ownLife = new Set(['relay_lease', 'relay_state', 'feeds', 'delivery_notes']);

export async function createScene(env: Record<string, string> = {}): Promise<Scene> {
  const world = await createWorld({ env });
  const [stall, otherStall, customer, stranger, admin] = await Promise.all([
    createStall(world),
    createStall(world),
    world.signUp('Asha'),
    world.signUp('Stranger'),
    world.admin(),
  ]);
  await topUp(world, customer, 10_000_000);
  await waitFor('the top-up', async () => (await customer.http.get<{ balance: number }>('/api/wallet')).body.balance > 0);

  const { mongo } = world;
  // What the clock does by itself would be taken for what a bad request did.
  const clockwork = { state: 'due', kind: { $in: ['ledger-check', 'daily-reconciliation'] } };
  await waitFor('the first round of what comes by the clock', async () => {
    const { modifiedCount } = await mongo.db
      .collection('jobs')
      .updateMany({ ...clockwork, dueAt: { $gt: new Date() } }, { $set: { dueAt: new Date(Date.now() + 86_400_000) } });
    return modifiedCount >= clockwork.kind.$in.length;
  });
  let made = 0;
  const scene: Scene = {
    world,
    stall,
    otherStall,
    customer,
    stranger,
    admin,
    urlOf: ({ at }) => (at === 'gateway' ? world.gatewayUrls[0]! : world.apiUrl),
    async placeOrder() {
      const body = { vendorId: stall.merchant.id, items: [{ itemId: stall.item.id, quantity: 1 }] };
      return (await expectStatus(201, customer.http.post<{ id: string }>('/api/orders', body))).body;
    },
    async notification() {
      await scene.placeOrder();
      await world.settled();
      const { body } = await stall.owner.http.get<{ items: { id: string; readAt: string | null }[] }>('/api/notifications?unread=true');
      return body.items[0]!;
    },
    async item() {
      const body = { name: `Item ${++made}`, price: 100 };
      return (await expectStatus(201, stall.owner.http.post<{ id: string }>(`/api/merchants/${stall.merchant.id}/items`, body))).body;
    },
    async quiet() {
      await world.settled();
      for (const books of ['postings', 'points_postings'])
        await waitFor('the roll-ups', async () => (await mongo.db.collection(books).countDocuments({ pending: true })) === 0);
      // A payment request is answered within two minutes or expires, which would come amid a later test on a slow machine.
      // Once: a document that changes at each call is what the hashes look for.
      const soon = { $gt: new Date(), $lt: new Date(Date.now() + 3_600_000) };
      const farOff = new Date(Date.now() + 86_400_000);
      await mongo.db
        .collection('jobs')
        .updateMany({ state: 'due', kind: 'payment-request-expiry', dueAt: soon }, { $set: { dueAt: farOff } });
      await waitFor('the audit log', async () => (await mongo.db.collection('audit_unsealed').countDocuments()) === 0);
      await waitFor('the administrators', async () => (await mongo.db.collection('transfers').countDocuments({ untold: true })) === 0);
      await waitFor('the figures of loyalty', async () => {
        const { db } = mongo;
        const waiting = [
          db.collection('interactions').countDocuments({ pending: true }),
          db.collection('loyalty_headcounts').countDocuments(),
        ];
        return (await Promise.all(waiting)).every((count) => count === 0);
      });
      await world.settled();
    },
    async hashes() {
      const { collections } = (await mongo.db.command({ dbHash: 1 })) as unknown as { collections: Record<string, string> };
      return Object.fromEntries(Object.entries(collections).filter(([name]) => !ownLife.has(name)));
    },
  };
  return scene;
}

export { password };
