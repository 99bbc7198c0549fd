import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { customersQuery, tagsBody, type Principal } from '@tidings/contracts';
import { openClub, outcome, type Club } from '../../../tests/support/clubs.js';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { expectFrugal } from '../../../tests/support/frugal.js';
import { encodeCursor } from '../../http/lists.js';
import { customerId, namesOf, type CustomerDocument } from '../loyalty/index.js';
import { customerSorts } from './customers.service.js';

let domain: Domain;
beforeAll(async () => {
  domain = await createDomain();
});
afterAll(() => domain.stop());

const page = (club: Club, query: object, caller = club.member) =>
  domain.customers.customers.list(caller, club.merchantId, customersQuery.parse(query));
const namesOn = async (club: Club, query: object): Promise<string[]> => (await page(club, query)).page.map(({ name }) => name);

async function everyPage(club: Club, query: object): Promise<CustomerDocument[]> {
  const all: CustomerDocument[] = [];
  for (let cursor: string | undefined; ;) {
    const found = await page(club, { ...query, ...(cursor === undefined ? {} : { cursor }) });
    all.push(...found.page);
    if (found.nextCursor === null) return all;
    cursor = found.nextCursor;
  }
}

const enrolled = async (club: Club, name: string, program = club.program): Promise<Principal> => {
  const who = await domain.person();
  await domain.run((tx) => domain.loyalty.cards.open(tx, program, { userId: who.userId, name }));
  return who;
};
const tag = async (club: Club, { userId }: Principal, tags: string[], ifMatch?: string) =>
  (await domain.run((tx) => domain.customers.customers.tag(tx, club.member, club.merchantId, userId, tags, ifMatch), club.member.userId))
    .result;

describe('the list of customers', () => {
  test('holds who is enrolled, once, whatever the number of programs; who has left is gone, and comes back', async () => {
    const club = await openClub(domain);
    const second = await club.addProgram();
    const asha = await enrolled(club, 'Asha Rao');
    await enrolled(club, 'Bela');
    await domain.run((tx) => domain.loyalty.cards.open(tx, second, { userId: asha.userId, name: 'Asha Rao' }));
    expect(await namesOn(club, { sort: 'name' })).toEqual(['Asha Rao', 'Bela']);
    await domain.run((tx) => domain.loyalty.cards.close(tx, asha.userId, second._id));
    expect(await namesOn(club, { search: 'rao' })).toEqual(['Asha Rao']);
    await domain.run((tx) => domain.loyalty.cards.close(tx, asha.userId, club.program._id));
    expect([await namesOn(club, {}), await namesOn(club, { search: 'rao' })]).toEqual([['Bela'], []]);
    expect(await outcome(domain.customers.customers.get(club.member, club.merchantId, asha.userId))).toBe('not-found');
    expect(await outcome(domain.customers.customers.interactions(club.member, club.merchantId, asha.userId, { limit: 5 }))).toBe(
      'not-found',
    );
    await domain.run((tx) => domain.loyalty.cards.open(tx, second, { userId: asha.userId, name: 'Asha Iyer' }));
    expect([await namesOn(club, { search: 'rao' }), await namesOn(club, { search: 'IYE' })]).toEqual([[], ['Asha Iyer']]);
  });

  test('leads to what there is of one: what happened last, and of who is not on it what the business was told', async () => {
    const club = await openClub(domain);
    const [asha, stranger] = [await domain.person(), await domain.person()];
    const view = () => domain.customers.customers.get(club.member, club.merchantId, asha.userId);
    expect(await outcome(view())).toBe('not-found');
    const { _id } = await club.ask(asha);
    expect(await view()).toMatchObject({ customer: null, enrollments: [{ _id, status: 'requested' }], cards: [], interactions: [] });
    await club.decide(asha, _id, 'accept');
    for (let at = 0; at < 25; at++) await tag(club, asha, [`visit ${at}`]);
    const { customer, interactions, cards } = await view();
    expect([customer?.tags, cards.length, interactions.length]).toEqual([['visit 24'], 1, 20]);
    const { page: newest } = await domain.customers.customers.interactions(club.member, club.merchantId, asha.userId, { limit: 20 });
    expect(interactions).toEqual(newest);
    await club.decide(asha, _id, 'withdraw');
    expect(await view()).toMatchObject({ customer: null, enrollments: [{ _id }], cards: [], interactions: [] });
    expect(await outcome(domain.customers.customers.get(club.member, club.merchantId, stranger.userId))).toBe('not-found');
    const other = await openClub(domain);
    expect(await outcome(domain.customers.customers.get(other.member, other.merchantId, asha.userId))).toBe('not-found');
  });

  test('is for members, and for administrators with an entry in the audit log', async () => {
    const club = await openClub(domain);
    const asha = await enrolled(club, 'Asha');
    const stranger = await domain.person({ merchants: ['another'] });
    const { customers } = domain.customers;
    expect(await outcome(page(club, {}, stranger))).toBe('forbidden');
    expect(await outcome(customers.get(stranger, club.merchantId, asha.userId))).toBe('forbidden');
    expect(await outcome(customers.interactions(stranger, club.merchantId, asha.userId, { limit: 5 }))).toBe('forbidden');
    expect(await outcome(domain.run((tx) => customers.tag(tx, stranger, club.merchantId, asha.userId, ['a'])))).toBe('forbidden');
    const admin = await domain.person({ roles: ['admin'] });
    expect((await page(club, {}, admin)).page).toHaveLength(1);
    const noted = await domain.mongo.db.collection('audit_log').findOne({ actor: admin.userId });
    expect(noted).toMatchObject({ action: 'merchant.look', target: `merchant:${club.merchantId}`, details: { what: 'customers' } });
  });

  test('is searched by the beginning of any word, page by page, each customer once', async () => {
    const club = await openClub(domain);
    const people = ['Asha Rao', 'Ravi ASHOK', 'Ash Ashby Ash', '  Mina   Ash ', 'Bashir', 'Álvaro Ñandú', 'Élan (Ash)', '... ?'];
    for (const name of people) await enrolled(club, name);
    const hits = ['Ash Ashby Ash', 'Asha Rao', 'Ravi ASHOK', '  Mina   Ash '].toSorted();
    expect((await everyPage(club, { search: 'ash' })).map(({ name }) => name).toSorted()).toEqual(hits);
    for (const limit of [1, 2, 3])
      expect((await everyPage(club, { search: 'ash', limit })).map(({ name }) => name).toSorted()).toEqual(hits);
    expect(await namesOn(club, { search: 'Mina A' })).toEqual(['  Mina   Ash ']);
    expect(await namesOn(club, { search: 'ñ' })).toEqual(['Álvaro Ñandú']);
    expect(await namesOn(club, { search: '..' })).toEqual(['... ?']);
    expect(await outcome(page(club, { search: 'ash', cursor: (await page(club, { limit: 1 })).nextCursor }))).toBe('bad-request');
  });

  test('has the name under which the customer joined last, whichever of the cards changes', async () => {
    const club = await openClub(domain);
    const second = await club.addProgram();
    const { userId } = await enrolled(club, 'Asha Rao');
    const { cards } = domain.loyalty;
    const scanned = async (programId: string, visits: number): Promise<void> => {
      await domain.run(async (tx) => cards.change(tx, (await cards.of(userId, programId, tx))!, { visits }));
    };
    await scanned(club.program._id, 1);
    await domain.run((tx) => cards.open(tx, second, { userId, name: 'Aisha Rao' }));
    await scanned(club.program._id, 2);
    await domain.run((tx) => cards.close(tx, userId, club.program._id));
    expect([await namesOn(club, { sort: 'name' }), await namesOn(club, { search: 'asha' })]).toEqual([['Aisha Rao'], []]);
    await domain.run((tx) => cards.open(tx, club.program, { userId, name: 'Asha Iyer' }));
    await scanned(second._id, 3);
    expect([await namesOn(club, { search: 'aisha' }), await namesOn(club, { search: 'iyer' })]).toEqual([[], ['Asha Iyer']]);
  });

  test('takes a name as it is, also one that reads like a word of the database', async () => {
    const club = await openClub(domain);
    const other = await club.addProgram();
    for (const name of ['$balance', '$$ROOT', '$tags', '$', '{$ne: 1}', '.*', '__proto__']) {
      const who = await enrolled(club, name);
      // The line is there now, and what the name would stand for, too.
      await domain.run((tx) => domain.loyalty.cards.open(tx, other, { userId: who.userId, name }));
      const { customer } = await domain.customers.customers.get(club.member, club.merchantId, who.userId);
      expect(customer).toMatchObject({ name, nameKey: name.toLowerCase(), balance: 0, status: 'active' });
    }
    expect(await namesOn(club, { sort: 'name' })).toHaveLength(7);
  });

  test('takes no cursor that it did not give: a word in the place of a time or a number', async () => {
    const club = await openClub(domain);
    const asha = await enrolled(club, 'Asha Rao');
    const forged = (name: string, key: unknown) => encodeCursor([name, key as string, 'x']);
    for (const sort of ['enrolled', 'last-visit', 'lifetime', 'balance'] as const)
      for (const key of ['Asha', '', '1e400', 0.5, null])
        expect([sort, key, await outcome(page(club, { sort, cursor: forged(sort, key) }))]).toEqual([sort, key, 'bad-request']);
    expect(await outcome(page(club, { sort: 'name', cursor: forged('name', 5) }))).toBe('bad-request');
    const interactions = domain.customers.customers.interactions(club.member, club.merchantId, asha.userId, {
      limit: 2,
      cursor: forged('at', 'Asha'),
    });
    expect(await outcome(interactions)).toBe('bad-request');
  });

  test('has tags, which the business hears of, searches with and cannot set on an older version', async () => {
    const club = await openClub(domain);
    const [asha, bela] = [await enrolled(club, 'Asha Rao'), await enrolled(club, 'Bela Rao')];
    const { tags } = tagsBody.parse({ tags: ['Regular', 'vegan'] });
    const tagged = await tag(club, asha, tags, '"v1"');
    expect([tagged.tags, tagged.version]).toEqual([['regular', 'vegan'], 2]);
    expect((await club.told()).at(-1)).toMatchObject({
      type: 'loyalty-customer-updated',
      data: { customer: { tags: ['regular', 'vegan'] }, version: 2 },
    });
    expect(await outcome(tag(club, asha, [], '"v1"'))).toBe('version-mismatch');
    await tag(club, bela, ['vegan']);
    expect([await namesOn(club, { tag: 'vegan', sort: 'name' }), await namesOn(club, { tag: 'REGULAR' })]).toEqual([
      ['Asha Rao', 'Bela Rao'],
      ['Asha Rao'],
    ]);
    expect(await namesOn(club, { tag: 'regular', search: 'rao' })).toEqual(['Asha Rao']);
    const { page: noted } = await domain.customers.customers.interactions(club.member, club.merchantId, asha.userId, { limit: 5 });
    expect(noted.map(({ kind, by }) => [kind, by])).toEqual([['tags-changed', club.member.userId]]);
    expect(await outcome(tag(club, await domain.person(), []))).toBe('not-found');
  });
});

describe('the list as a file', () => {
  const many = 1_200;
  const lineOf = (merchantId: string, at: number): CustomerDocument => {
    const userId = `user_${String((at * 7) % many).padStart(4, '0')}`;
    const name = `Asha ${at}`;
    return {
      _id: customerId(merchantId, userId),
      merchantId,
      userId,
      name,
      nameKey: name.toLowerCase(),
      status: at % 100 === 0 ? 'left' : 'active',
      balance: at % 3,
      lifetime: at,
      visits: 1,
      lastVisitAt: null,
      programIds: [],
      tags: at % 2 === 0 ? ['vegan'] : [],
      listedAs: name.toLowerCase(),
      enrolledAt: new Date(1_000_000 + (at % 7)),
      version: 1,
    };
  };
  const exported = (club: Club, choice: object = {}, caller = club.member) =>
    domain.customers.customers.export(caller, club.merchantId, choice);

  test('has each customer of the list once, in its order, and is read a page at a time', async () => {
    const club = await openClub(domain);
    const lines = Array.from({ length: many }, (_, at) => lineOf(club.merchantId, at));
    const { customers, customerNames } = domain.loyalty.models;
    await customers.insertMany(lines);
    const active = lines.filter(({ status }) => status === 'active');
    await customerNames.insertMany(active.flatMap(namesOf));
    for (const choice of [{}, { sort: 'balance' }, { tag: 'vegan', sort: 'last-visit' }, { search: 'asha' }] as const) {
      const pages: (readonly CustomerDocument[])[] = [];
      for await (const one of await exported(club, choice)) pages.push(one);
      expect(
        pages
          .map(({ length }) => length)
          .slice(0, -1)
          .every((length) => length === 500),
      ).toBe(true);
      expect(pages.flat().map(({ userId }) => userId)).toEqual(
        (await everyPage(club, { ...choice, limit: 100 })).map(({ userId }) => userId),
      );
      expect(pages.flat()).toHaveLength('tag' in choice ? active.filter(({ tags }) => tags.length > 0).length : active.length);
    }
    await domain.mongo.db.command({ profile: 2 });
    const from = new Date();
    const pages = (await exported(club))[Symbol.asyncIterator]();
    await pages.next();
    const { db } = domain.mongo;
    const reads = await db
      .collection('system.profile')
      .countDocuments({ ns: `${db.databaseName}.loyalty_customers`, op: 'query', ts: { $gte: from } });
    await domain.mongo.db.command({ profile: 0 });
    expect(reads).toBe(1);
  });

  test('is for members and administrators, and who took which is in the audit log', async () => {
    const club = await openClub(domain);
    await enrolled(club, 'Asha');
    expect(await outcome(exported(club, {}, await domain.person({ merchants: ['another'] })))).toBe('forbidden');
    const admin = await domain.person({ roles: ['admin'] });
    await exported(club, { tag: 'vegan' });
    await exported(club, {}, admin);
    const noted = await domain.mongo.db
      .collection('audit_log')
      .find({ target: `merchant:${club.merchantId}`, action: 'merchant.export' })
      .toArray();
    expect(new Set(noted.map(({ actor, details }) => ({ actor, details })))).toEqual(
      new Set([
        { actor: club.member.userId, details: { what: 'customers', search: null, sort: null, tag: 'vegan' } },
        { actor: admin.userId, details: { what: 'customers', search: null, sort: null, tag: null } },
      ]),
    );
  });
});

describe('of many customers', () => {
  const many = 300;
  let club: Club;
  let everybody: CustomerDocument[];
  beforeAll(async () => {
    club = await openClub(domain);
    const { merchantId } = club;
    // Equal in most: what is behind a cursor is among hundreds of the same value.
    everybody = Array.from({ length: many }, (_, at): CustomerDocument => {
      const userId = `user_${String((at * 7) % many).padStart(3, '0')}`;
      const name = ['Asha Rao', 'Bela Rao', 'Chandra Asher Rao'][at % 3]!;
      return {
        _id: customerId(merchantId, userId),
        merchantId,
        userId,
        name,
        nameKey: name.toLowerCase(),
        status: at % 10 === 0 ? 'left' : 'active',
        balance: at % 4,
        lifetime: at < 280 ? 0 : at,
        visits: 0,
        lastVisitAt: at % 2 === 0 ? null : new Date(1_000 * (at % 5)),
        programIds: [],
        tags: at % 3 === 0 ? ['rare', 'vegan'] : ['vegan'],
        listedAs: name.toLowerCase(),
        enrolledAt: new Date(1_000_000 + (at % 20)),
        version: 1,
      };
    });
    await domain.loyalty.models.customers.insertMany(everybody);
    everybody = everybody.filter(({ status }) => status === 'active');
    await domain.loyalty.models.customerNames.insertMany(everybody.flatMap(namesOf));
    await domain.loyalty.models.interactions.insertMany(
      Array.from({ length: many }, (_, at) => ({
        _id: `interaction_${at}`,
        merchantId,
        userId: everybody[0]!.userId,
        kind: 'scan' as const,
        by: null,
        at: new Date(1_000 * (at % 2)),
      })),
    );
  });

  const frugal = (work: () => Promise<unknown>) =>
    expectFrugal(domain.mongo, ['loyalty_customers', 'loyalty_customer_names', 'interactions', 'enrollments', 'cards'], work);

  const ranked = ({ lastVisitAt, ...line }: CustomerDocument) => ({ ...line, lastVisitAt: lastVisitAt?.getTime() ?? -1 });
  const sorts = Object.values(customerSorts).flatMap(({ name }) => [{ sort: name }, { sort: name, tag: 'rare' }]);

  test.each(sorts)('each page by %j is read in the order of an index, and no more than the page', async (query) => {
    const { field, direction } = customerSorts[query.sort];
    const expected = everybody
      .filter(({ tags }) => !('tag' in query) || tags.includes('rare'))
      .map(ranked)
      .toSorted((a, b) => {
        const [one, other] = [a[field], b[field]];
        return direction * (one < other ? -1 : one > other ? 1 : a._id < b._id ? -1 : 1);
      });
    await frugal(async () => {
      const all = await everyPage(club, { ...query, limit: 17 });
      expect(all.map(({ _id }) => _id)).toEqual(expected.map(({ _id }) => _id));
    });
  });

  test.each([{ search: 'b' }, { search: 'rao' }, { search: 'rao', tag: 'rare' }, { search: 'asher r', tag: 'vegan' }])(
    'so is the search by %j',
    async (query) => {
      const expected = everybody.filter(
        ({ name, tags }) => (!('tag' in query) || tags.includes(query.tag!)) && ` ${name.toLowerCase()}`.includes(` ${query.search}`),
      );
      await frugal(async () => {
        const all = await everyPage(club, { ...query, limit: 17 });
        expect(all.map(({ _id }) => _id).toSorted()).toEqual(expected.map(({ _id }) => _id).toSorted());
      });
    },
  );

  test('so is what happened with one customer', async () => {
    const { userId } = everybody[0]!;
    await frugal(async () => {
      const seen = new Set<string>();
      for (let cursor: string | undefined; ;) {
        const found = await domain.customers.customers.interactions(club.member, club.merchantId, userId, { limit: 17, cursor });
        for (const { _id } of found.page) seen.add(_id);
        if (found.nextCursor === null) break;
        cursor = found.nextCursor;
      }
      expect(seen.size).toBe(many);
    });
  });

  test('so is what a business sees of one customer', async () => {
    const asha = await enrolled(club, 'Asha Rao');
    await club.join(asha);
    for (const at of [1, 2, 3]) await enrolled(await openClub(domain), `Somebody ${at}`);
    await frugal(async () => {
      const { cards, enrollments } = await domain.customers.customers.get(club.member, club.merchantId, asha.userId);
      expect([cards.length, enrollments.length]).toEqual([1, 1]);
    });
  });
});
