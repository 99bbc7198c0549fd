import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newId, type JobDocument } from '@tidings/platform';
import { openCard, runDue, runJob } from '../../../tests/support/cards.js';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import type { CardDocument } from './loyalty.model.js';
import { namesJobKind } from './name-jobs.js';

let domain: Domain;
beforeAll(async () => {
  domain = await createDomain();
});
afterAll(() => domain.stop());

const later = (): Date => new Date(Date.now() + 60_000);

async function rename(merchantId: string, name: string): Promise<void> {
  const boss = await domain.person({ roles: ['admin'] });
  await domain.run((tx) => domain.merchants.administration.update(tx, boss, merchantId, { name }), boss.userId);
}

test('all cards follow, in batches, also when a job is done twice; what happened keeps its names', async () => {
  const { merchantId, member, program, give, card, entries } = await openCard(domain);
  await give(5);
  const { cards } = domain.loyalty.models;
  const first = await card();
  await domain.run(async (tx) => {
    for (let i = 0; i < 60; i++) await domain.loyalty.cards.open(tx, program, { userId: newId(), name: 'Asha' });
  });
  await rename(merchantId, 'Chai Palace');
  await domain.run((tx) => domain.loyalty.programs.update(tx, member, merchantId, program._id, { name: 'Patrons' }));
  await runDue(domain, later());
  const jobs = await domain.mongo.db.collection<JobDocument>('jobs').find({ kind: namesJobKind, 'data.merchantId': merchantId }).toArray();
  expect(jobs).toHaveLength(4);
  for (const job of jobs) await runJob(domain, job);
  const found = await cards.find({ merchantId }).lean<CardDocument[]>();
  expect(new Set(found.map(({ merchantName, programName }) => `${merchantName}, ${programName}`))).toEqual(
    new Set(['Chai Palace, Patrons']),
  );
  expect(found.filter(({ _id }) => _id !== first._id).map(({ version }) => version)).toEqual(Array.from({ length: 60 }, () => 2));
  expect(await domain.loyalty.programs.find(program._id)).toMatchObject({ merchantName: 'Chai Palace', name: 'Patrons' });
  expect(await entries()).toMatchObject([{ merchantName: first.merchantName, programName: first.programName }]);
  const told = await domain.mongo.db
    .collection('outbox')
    .countDocuments({ type: 'card-updated', 'data.card.businessName': 'Chai Palace', 'data.businessId': merchantId });
  expect(told).toBe(61);
});

test('of two changes at once the last name counts, and who joins afterwards has it', async () => {
  const { merchantId, program, card } = await openCard(domain);
  await rename(merchantId, 'First');
  await rename(merchantId, 'Second');
  await Promise.all([runDue(domain, later()), runDue(domain, later())]);
  const { userId } = await domain.person();
  const { result: joined } = await domain.run(async (tx) => {
    const now = await domain.loyalty.programs.get(merchantId, program._id, tx);
    return domain.loyalty.cards.open(tx, now, { userId, name: 'Asha' });
  });
  expect([await card(), joined]).toMatchObject([{ merchantName: 'Second' }, { merchantName: 'Second' }]);
});

test('the same name again does nothing', async () => {
  const { merchantId, card } = await openCard(domain);
  const before = await card();
  await rename(merchantId, before.merchantName);
  expect(await domain.mongo.db.collection('jobs').countDocuments({ kind: namesJobKind, 'data.merchantId': merchantId })).toBe(0);
});
