import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { customersQuery, programBody, type Principal } from '@tidings/contracts';
import { pointsProblems } from '../../services/api/tests/support/cards.js';
import { createDomain, type Domain } from '../../services/api/tests/support/domain.js';
import { enrollmentModels } from '../../services/api/src/modules/enrollments/enrollments.model.js';
import { namesOf as productsNamesOf, presentCard, presentCustomer } from '../../services/api/src/modules/loyalty/index.js';
import { pointsLedgerModels } from '../../services/api/src/modules/loyalty/points-books.js';
import { scanModels } from '../../services/api/src/modules/scans/scans.model.js';
import { figuresModels } from '../../services/api/src/modules/customers/figures.model.js';
import { fillBusiness, type Filled } from './src/loyalty/fill.js';
import { tiers, type Business } from './src/loyalty/person.js';
import { lastMidnight, localDate, planVisits, timeZone, windowDays, dayMs } from './src/loyalty/visits.js';

const size = { customers: 60, scans: 500, until: lastMidnight(Date.now()), seed: 7 };
const [from, to] = [localDate(size.until - windowDays * dayMs), localDate(size.until - 1)];
let domain: Domain;
interface FilledBusiness extends Filled {
  business: Business;
  member: Principal;
}
let rolledUp: FilledBusiness;
let open: FilledBusiness;

async function filled(isRolledUp: boolean, seed: number): Promise<FilledBusiness> {
  const input = { name: `Filled ${Math.random()}`, ownerName: 'Ravi', email: `house${seed}@example.com`, timeZone };
  const { result: merchant } = await domain.run((tx) => domain.merchants.merchants.create(tx, input));
  const member = await domain.person({ merchants: [merchant._id] });
  const programs: Business['programs'][number][] = [];
  for (const enrollment of ['approval', 'automatic'] as const) {
    const body = programBody.parse({ name: enrollment, enrollment, tiers, rules: [{ kind: 'amount', points: 1, per: 1_000 }] });
    const { result } = await domain.run((tx) => domain.loyalty.programs.create(tx, member, merchant._id, body));
    programs.push({ id: result._id, name: enrollment, enrollment });
  }
  const business = { merchantId: merchant._id, name: merchant.name, memberId: member.userId, programs };
  return { ...(await fillBusiness(domain.mongo, business, { ...size, seed, rolledUp: isRolledUp })), business, member };
}

beforeAll(async () => {
  domain = await createDomain();
  rolledUp = await filled(true, 7);
  open = await filled(false, 8);
});
afterAll(() => domain.stop());

interface Shape {
  readonly modelName: string;
  readonly collection: { name: string };
  new (document: object): { validate(): Promise<void> };
}

/** Every stored document, as the model reads it: no field that it lacks, none that it does not know. */
async function strangeOf(model: Shape): Promise<unknown[]> {
  const documents = await domain.mongo.db.collection(model.collection.name).find().toArray();
  expect([model.modelName, documents.length > 0]).toEqual([model.modelName, true]);
  const wrong: unknown[] = [];
  for (const document of documents) {
    const error = await asError(() => new model(document).validate());
    if (error) wrong.push({ model: model.modelName, error: error.message, document });
  }
  return wrong.slice(0, 3);
}

async function asError(work: () => Promise<void>): Promise<Error | null> {
  try {
    await work();
    return null;
  } catch (error) {
    return error as Error;
  }
}

test('every document is one of the product’s models', async () => {
  const { customers, customerNames, headcounts, interactions, cards, points } = domain.loyalty.models;
  const { scans, lastScans } = scanModels(domain.mongo);
  const { figures, days } = figuresModels(domain.mongo);
  const { enrollments, consents } = enrollmentModels(domain.mongo);
  const { accounts, transfers, postings } = pointsLedgerModels(domain.mongo);
  const models = [
    customers,
    customerNames,
    headcounts,
    interactions,
    cards,
    points,
    scans,
    lastScans,
    figures,
    days,
    enrollments,
    consents,
  ];
  for (const model of [...models, accounts, transfers, postings]) expect(await strangeOf(model as unknown as Shape)).toEqual([]);
});

test('the product counts the figures that the fill has counted', async () => {
  await domain.customers.figures.run();
  const names = ['scans', 'newCustomers', 'enrollmentsRequested', 'enrolled', 'issued'] as const;
  for (const { business, member, counted, userIds, outstanding } of [rolledUp, open]) {
    const [first, last] = [counted.sum('scans', from, to), counted.sum('scans', to, to)];
    expect([first, last < first]).toEqual([size.scans, true]);
    const report = await domain.customers.analytics.report(member, business.merchantId, { from, to });
    expect(report).toMatchObject({ customers: userIds.length, outstanding });
    for (const { date, ...day } of report.days)
      for (const name of names) expect([date, name, day[name]]).toEqual([date, name, counted.sum(name, date, date)]);
    expect(report.hours.reduce((sum, scans) => sum + scans, 0)).toBe(size.scans);
  }
});

test('points and their ledger agree, and so do cards, lines, visits and searches', async () => {
  expect(await pointsProblems(domain)).toEqual([]);
  for (const { business, member, userIds } of [rolledUp, open]) {
    const { merchantId } = business;
    const { page } = await domain.customers.customers.list(member, merchantId, customersQuery.parse({ limit: 100 }));
    expect(page.map(({ userId }) => userId).toSorted()).toEqual(userIds.toSorted());
    for (const line of page) {
      const { cards } = await domain.customers.customers.get(member, merchantId, line.userId);
      const [card] = cards.map(presentCard);
      const { visits, lastVisitAt, balance, lifetime } = presentCustomer(line);
      expect(card).toMatchObject({ visits, lastVisitAt, balance, lifetime });
      const account = { _id: `user:${line.userId}:${card!.programId}` };
      const kept = await domain.mongo.db.collection<{ _id: string; balance: number }>('points_accounts').findOne(account);
      expect(kept?.balance ?? 0).toBe(balance);
      const came = await domain.mongo.db.collection('scans').countDocuments({ userId: line.userId, merchantId });
      expect(came).toBe(visits);
      const stored = await domain.loyalty.models.customerNames.find({ customerId: line._id }).sort({ _id: 1 }).lean();
      expect(stored).toEqual(productsNamesOf(line));
    }
  }
});

test('the same seed plans the same visits', () => {
  const planned = planVisits(size);
  expect(planned).toHaveLength(size.scans);
  expect(planVisits(size)).toEqual(planned);
  expect(planVisits({ ...size, seed: 8 })).not.toEqual(planned);
});
