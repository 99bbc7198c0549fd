import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { fraudAlertsQuery, fraudKindSchema, type FraudAlert } from '@tidings/contracts';
import { outcome } from '../../../tests/support/clubs.js';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { expectFrugal } from '../../../tests/support/frugal.js';
import type { FraudAlertDocument } from './book.model.js';

const many = 240;
const kinds = fraudKindSchema.options;
let domain: Domain;
let kept: FraudAlertDocument[];

beforeAll(async () => {
  domain = await createDomain();
  // Many of one moment, of four businesses and three kinds that lie among each other.
  kept = Array.from({ length: many }, (_, at): FraudAlertDocument => ({
    _id: `alert_${String((at * 7) % many).padStart(3, '0')}`,
    window: `window_${at}`,
    kind: kinds[at % kinds.length]!,
    merchantId: `merchant_${at % 4}`,
    merchantName: 'Chai House',
    userId: null,
    limit: 5,
    windowSeconds: 60,
    at: new Date(1_000 * (at % 5)),
    expiresAt: new Date(Date.now() + 86_400_000),
  }));
  await domain.loyalty.models.alerts.insertMany(kept);
});
afterAll(() => domain.stop());

const page = (query: object) => domain.loyalty.alerts.list(fraudAlertsQuery.parse(query));

const queries: { businessId?: string; kind?: FraudAlert['kind'] }[] = [
  {},
  { businessId: 'merchant_1' },
  { kind: 'points-of-business' },
  { businessId: 'merchant_3', kind: 'scans-of-customer' },
];
test.each(queries)('each page of %j is read in the order of an index, and no more than the page', async (query) => {
  const expected = kept
    .filter(({ merchantId, kind }) => merchantId === (query.businessId ?? merchantId) && kind === (query.kind ?? kind))
    .toSorted((a, b) => b.at.getTime() - a.at.getTime() || (a._id < b._id ? 1 : -1));
  const found: FraudAlertDocument[] = [];
  await expectFrugal(domain.mongo, ['fraud_alerts'], async () => {
    for (let cursor: string | null | undefined; cursor !== null;) {
      const next = await page({ ...query, limit: 13, ...(cursor === undefined ? {} : { cursor }) });
      found.push(...next.page);
      cursor = next.nextCursor;
    }
  });
  expect(found.map(({ _id }) => _id)).toEqual(expected.map(({ _id }) => _id));
});

test('the list takes its own cursors alone', async () => {
  expect(await outcome(page({ cursor: Buffer.from('["name","a","b"]').toString('base64url') }))).toBe('bad-request');
});
