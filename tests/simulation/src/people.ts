import { createPeople, createRandom, createStall, expectStatus, openClient, password, waitFor, type Account } from '@tidings/testing';
import { createActor, type Actor } from './actor.js';
import type { Meter } from './meter.js';

export interface Item {
  id: string;
  price: number;
}

export interface Vendor extends Actor {
  merchantId: string;
  items: readonly Item[];
}

export interface People {
  guests: Actor[];
  vendors: Vendor[];
  admins: Actor[];
}

export interface Counts {
  guests: number;
  vendors: number;
  admins: number;
}

/** Passwords are hashed at cost: so many at a time keep both cores busy. */
const abreast = 8;

async function inTurns<T>(count: number, make: (index: number) => Promise<T>, onEach: () => void): Promise<T[]> {
  const made: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      made[index] = await make(index);
      onEach();
    }
  };
  await Promise.all(Array.from({ length: Math.min(abreast, count) }, worker));
  return made;
}

/** Everybody registers by the public API and connects through nginx, each from the first entry of the own feed on. */
export async function gather(options: {
  url: string;
  admin: { email: string; password: string };
  counts: Counts;
  seed: number;
  meter: Meter;
  onEach: () => void;
}): Promise<People> {
  const { url, admin, counts, seed, meter, onEach } = options;
  const people = createPeople(url, admin);

  const enter = async (kind: string, index: number, account: Account, feeds: readonly string[] = []): Promise<Actor> => {
    const { id, name, token } = account;
    const cursors = Object.fromEntries([`user:${id}`, ...feeds].map((feed) => [feed, 0]));
    const client = openClient({ url, token, userId: id, cursors });
    // The gateway's id begins each connection's.
    client.socket.on('connect', () => meter.count(`connections at ${client.socket.io.engine.id?.split('_')[0] ?? '?'}`));
    await waitFor(`${name}'s screen`, () => client.received.some(({ type }) => type === 'connected'), 60_000);
    return createActor({ id, name, token, client, url, meter, random: createRandom(seed, kind, index) });
  };

  const first = await people.admin();
  const admins = await inTurns(
    counts.admins,
    async (index) => {
      if (index === 0) return enter('admin', index, first);
      const account = await people.signUp(`Admin ${index + 1}`);
      await expectStatus(200, first.http.send('PUT', `/api/admin/users/${account.id}/roles`, { roles: ['customer', 'admin'] }));
      return enter('admin', index, await people.logIn(account.email, password));
    },
    onEach,
  );
  const vendors = await inTurns(
    counts.vendors,
    async (index): Promise<Vendor> => {
      const random = createRandom(seed, 'menu', index);
      const { merchant, owner, item } = await createStall(people, { price: random.between(20, 80) * 100 });
      // One that sells out in the course of the festival.
      const { body: special } = await owner.http.post<Item>(`/api/merchants/${merchant.id}/items`, {
        name: 'Special of the day',
        price: random.between(50, 120) * 100,
        stock: 10,
      });
      const actor = await enter('vendor', index, owner, [`merchant:${merchant.id}`]);
      return { ...actor, merchantId: merchant.id, items: [item, special].map(({ id, price }) => ({ id, price })) };
    },
    onEach,
  );
  const guests = await inTurns(counts.guests, async (index) => enter('guest', index, await people.signUp(`Guest ${index + 1}`)), onEach);
  return { guests, vendors, admins };
}
