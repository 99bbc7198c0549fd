import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  listedCustomers,
  reduceCards,
  reduceCustomerBook,
  reduceEnrollments,
  type Analytics,
  type Card,
  type CustomerBook,
  type Enrollment,
  type EnrollmentDecision,
  type LoyaltyCustomer,
  type Program,
} from '@tidings/contracts';
import {
  assertContiguous,
  caughtUp,
  createStall,
  createWorld,
  expectStatus,
  itemsOf,
  stateOf,
  waitFor,
  type Account,
  type Answer,
  type Stall,
  type TestClient,
  type World,
} from '@tidings/testing';
import { contradictions, cutOf, filmOf, lookAt, type Film, type Look } from './support/moments.js';

const crowd = 100;
/** They take turns, and a busy machine makes that long. */
const patienceMs = 240_000;

let world: World;
let stall: Stall;
let merchantFeed: string;
beforeAll(async () => {
  world = await createWorld({ gateways: 2 });
  stall = await createStall(world);
  merchantFeed = `merchant:${stall.merchant.id}`;
});
afterAll(() => world.stop());

/** A write as clients do it: asked again with its key when the answer is to try again later. */
async function write<Body>(by: Account, status: number, method: string, path: string, body: object = {}): Promise<Answer<Body>> {
  const key = randomUUID();
  for (;;) {
    const answer = await by.http.send<Body>(method, path, body, { 'idempotency-key': key });
    if (answer.status !== 503) return expectStatus(status, Promise.resolve(answer));
  }
}
const ask = async (by: Account, programId: string, userId?: string): Promise<Enrollment> =>
  (await write<Enrollment>(by, 201, 'POST', '/api/enrollments', { programId, ...(userId ? { userId } : {}) })).body;
const decide = async (by: Account, { id }: Enrollment, decision: EnrollmentDecision): Promise<Enrollment> =>
  (await write<Enrollment>(by, 200, 'POST', `/api/enrollments/${id}/decision`, { decision })).body;
const award = (cardId: string, delta: number) =>
  write(stall.owner, 201, 'POST', `/api/cards/${cardId}/points`, { delta, reason: 'Welcome' });
/** With the code of the moment: each is valid for a minute, and a busy machine may answer later than that to try again. */
async function scan({ http }: Account, programId: string): Promise<{ enrollment?: Enrollment; card?: Card }> {
  for (;;) {
    const { body } = await expectStatus(200, http.get<{ code: string }>('/api/me/qr?format=json'));
    const answer = await stall.owner.http.send<{ enrollment?: Enrollment }>('POST', '/api/qr/scan', { code: body.code, programId });
    if (answer.status !== 503) return (await expectStatus(200, Promise.resolve(answer))).body;
  }
}

interface Programs {
  /** By approval. */
  club: string;
  /** At once. */
  open: string;
  /** By approval, too. */
  circle: string;
}

/** What becomes of one customer after another; true: is the business's customer at the end. */
const ways: ((who: Account, programs: Programs) => Promise<boolean>)[] = [
  async (who, { club }) => {
    const { enrollment } = await scan(who, club);
    const { cardId } = await decide(who, enrollment!, 'accept');
    await award(cardId!, 30);
    return true;
  },
  async (who, { open }) => {
    const { card } = await scan(who, open);
    await award(card!.id, 5);
    return true;
  },
  async (who, { club, open }) => {
    const asked = await ask(stall.owner, club, who.id);
    await Promise.all([decide(who, asked, 'accept'), ask(who, open)]);
    return true;
  },
  async (who, { club }) => {
    await decide(stall.owner, await ask(who, club), 'accept');
    return true;
  },
  async (who, { open }) => {
    const { cardId } = await ask(who, open);
    await Promise.all([award(cardId!, 10), award(cardId!, 20)]);
    return true;
  },
  async (who, { club }) => {
    const { enrollment } = await scan(who, club);
    await decide(who, enrollment!, 'decline');
    return false;
  },
  async (who, { circle }) => {
    await decide(stall.owner, await ask(who, circle), 'decline');
    return false;
  },
  async (who, { club }) => {
    await decide(stall.owner, await ask(stall.owner, club, who.id), 'withdraw');
    return false;
  },
  async (who, { open }) => {
    await decide(who, await ask(who, open), 'withdraw');
    return false;
  },
  async (who, { open, circle }) => {
    const joined = await ask(who, open);
    await award(joined.cardId!, 50);
    await decide(who, joined, 'withdraw');
    await decide(stall.owner, await ask(who, circle), 'accept');
    return true;
  },
  async (who, { open, club }) => {
    const joined = await ask(who, open);
    await decide(stall.owner, await ask(who, club), 'accept');
    await decide(who, joined, 'block');
    return false;
  },
  async (who, { open }) => {
    const blocked = await decide(stall.owner, await ask(who, open), 'block');
    await decide(stall.owner, blocked, 'unblock');
    return false;
  },
];

/** Joins all three at the same time, each in its own way. */
async function joinAll(who: Account, { club, open, circle }: Programs): Promise<boolean> {
  await Promise.all([
    ask(stall.owner, club, who.id).then((asked) => decide(who, asked, 'accept')),
    ask(who, open).then(({ cardId }) => award(cardId!, 70)),
    ask(who, circle).then((asked) => decide(stall.owner, asked, 'accept')),
  ]);
  return true;
}

const byText = (a: string, b: string): number => a.localeCompare(b);
const customersPath = (): string => `/api/merchants/${stall.merchant.id}/customers`;

describe('a hundred customers who come at the same time', () => {
  let programs: Programs;
  let people: Account[];
  let asha: Account;
  /** Who is the business's customer at the end. */
  let joined: string[];
  let desk: TestClient;
  let wandering: TestClient;
  let phone: TestClient;
  const looks = { customers: [] as Look<LoyaltyCustomer>[], enrollments: [] as Look<Enrollment>[], cards: [] as Look<Card>[] };
  /** Page by page, and what was seen at one glance behind it. */
  const walks: { walk: Look<LoyaltyCustomer>; glance: Look<LoyaltyCustomer> }[] = [];

  const film = {
    customers: () => filmOf(desk, merchantFeed, { empty: new Map() as CustomerBook, reduce: reduceCustomerBook, shown: listedCustomers }),
    enrollments: () =>
      filmOf<readonly Enrollment[], Enrollment>(desk, merchantFeed, {
        empty: [],
        reduce: reduceEnrollments,
        shown: (state) => state.filter(({ programId }) => programId === programs.club),
      }),
    cards: () => filmOf<readonly Card[], Card>(phone, `user:${asha.id}`, { empty: [], reduce: reduceCards, shown: (state) => state }),
  };

  const customers = (limit = 100) => lookAt<LoyaltyCustomer>(stall.owner.http, `${customersPath()}?limit=${limit}`, merchantFeed);
  const enrollments = () =>
    lookAt<Enrollment>(
      stall.owner.http,
      `/api/enrollments?businessId=${stall.merchant.id}&programId=${programs.club}&limit=100`,
      merchantFeed,
    );
  const cards = () => lookAt<Card>(asha.http, '/api/cards?limit=100', `user:${asha.id}`);

  beforeAll(async () => {
    const newProgram = async (name: string, enrollment: string): Promise<string> =>
      (await write<Program>(stall.owner, 201, 'POST', `/api/merchants/${stall.merchant.id}/programs`, { name, enrollment })).body.id;
    programs = {
      club: await newProgram('Club', 'approval'),
      open: await newProgram('Open', 'automatic'),
      circle: await newProgram('Circle', 'approval'),
    };
    people = await Promise.all(Array.from({ length: crowd }, (_, index) => world.signUp(`Customer ${index}`)));
    asha = people[0]!;
    desk = await world.connect(stall.owner);
    wandering = await world.connect(stall.owner, { gateway: 1, socket: { transports: ['polling'] } });
    phone = await world.connect(asha, { gateway: 1 });
    const away = setInterval(() => {
      if (wandering.socket.connected) wandering.socket.disconnect();
      else wandering.socket.connect();
    }, 150);
    let going = true;
    const crowding = Promise.all(people.map((who, index) => (who === asha ? joinAll : ways[index % ways.length]!)(who, programs))).finally(
      () => (going = false),
    );
    /** One look after another, each when the screen has changed since. */
    const keepLooking = async (screen: TestClient, feed: string, look: () => Promise<unknown>): Promise<void> => {
      while (going) {
        const seen = screen.cursors[feed]!;
        await look();
        await waitFor('news', () => !going || screen.cursors[feed]! > seen, patienceMs);
      }
    };
    const [outcome] = await Promise.all([
      crowding,
      keepLooking(desk, merchantFeed, async () => looks.customers.push(await customers())),
      keepLooking(desk, merchantFeed, async () => looks.customers.push(await customers())),
      keepLooking(desk, merchantFeed, async () => walks.push({ walk: await customers(7), glance: await customers() })),
      keepLooking(desk, merchantFeed, async () => looks.enrollments.push(await enrollments())),
      keepLooking(phone, `user:${asha.id}`, async () => looks.cards.push(await cards())),
    ]).finally(() => clearInterval(away));
    joined = people.filter((_, index) => outcome[index]).map(({ id }) => id);
    wandering.socket.connect();
    await waitFor('the second screen', () => wandering.socket.connected);
    await world.settled();
    await Promise.all([desk, wandering, phone].map(caughtUp));
  }, patienceMs);

  /**
   * Each look is what the screen showed at one cursor, not before the head that came with it. A server that pauses within a page reads it at two moments:
   * such a look may not be more than that, and is rare.
   */
  function expectShown<Item>(kept: readonly Look<Item>[], film: Film<Item>, idOf: (item: Item) => string, least: number): void {
    const cuts = kept.map((look) => cutOf(look, film));
    const torn = kept.filter((_, index) => cuts[index] === undefined);
    for (const look of torn) expect(contradictions(look, film, film.last, idOf)).toEqual([]);
    expect(torn.length).toBeLessThanOrEqual(2);
    expect(new Set(cuts).size).toBeGreaterThanOrEqual(least);
  }

  test('the list of customers that is fetched is what the screen shows, at every moment', () => {
    expectShown(looks.customers, film.customers(), ({ userId }) => userId, 10);
  });

  test('so is the list of enrollments, of which a no shows nothing', () => {
    expectShown(looks.enrollments, film.enrollments(), ({ id }) => id, 5);
  });

  test('so is what the customer of three programs sees', () => {
    expectShown(looks.cards, film.cards(), ({ id }) => id, 2);
  });

  test('read page by page, nobody is in it twice, and who was there all along is in it', () => {
    const shown = film.customers();
    for (const { walk, glance } of walks)
      expect(contradictions(walk, shown, cutOf(glance, shown) ?? shown.last, ({ userId }) => userId)).toEqual([]);
    expect(walks.some(({ walk }) => walk.pages > 3)).toBe(true);
  });

  test('in the end the business lists who is with it, on every screen and over all pages, and counts them', async () => {
    const { items, pages } = await customers(10);
    expect(pages).toBe(Math.ceil(joined.length / 10));
    expect(items.map(({ userId }) => userId).toSorted(byText)).toEqual(joined.toSorted(byText));
    for (const screen of [desk, wandering]) {
      expect(listedCustomers(stateOf(screen, new Map() as CustomerBook, reduceCustomerBook))).toEqual(items);
      assertContiguous(screen);
    }
    const path = `/api/merchants/${stall.merchant.id}/analytics`;
    await waitFor('the figures', async () => (await stall.owner.http.get<Analytics>(path)).body.customers === joined.length);
  });

  test('in the end the dashboard of three programs shows three', async () => {
    const shown = stateOf<readonly Card[]>(phone, [], reduceCards);
    expect(
      shown
        .map(({ programName, balance, status }) => ({ programName, balance, status }))
        .toSorted((a, b) => byText(a.programName, b.programName)),
    ).toEqual([
      { programName: 'Circle', balance: 0, status: 'active' },
      { programName: 'Club', balance: 0, status: 'active' },
      { programName: 'Open', balance: 70, status: 'active' },
    ]);
    expect(await itemsOf<Card>(asha.http, '/api/cards')).toEqual(shown);
    assertContiguous(phone);
  });
});
