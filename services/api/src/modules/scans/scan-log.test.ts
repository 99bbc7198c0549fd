import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { scansQuery, type Principal } from '@tidings/contracts';
import { openClub, outcome, type Club } from '../../../tests/support/clubs.js';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { expectFrugal } from '../../../tests/support/frugal.js';
import type { ScanDocument } from './scans.model.js';

const many = 300;
let domain: Domain;
let club: Club;
let log: ScanDocument[];

beforeAll(async () => {
  domain = await createDomain();
  club = await openClub(domain);
  const other = await openClub(domain);
  // Many of one moment: what is behind a cursor is among scans of the same time, and another business's lie between them.
  const scans = Array.from({ length: many }, (_, at): ScanDocument => ({
    _id: `scan_${String((at * 7) % many).padStart(3, '0')}`,
    merchantId: at % 3 === 0 ? other.merchantId : club.merchantId,
    programId: club.program._id,
    userId: `user_${at % 5}`,
    customerName: 'Asha',
    scannedBy: club.member.userId,
    kind: 'code',
    outcome: 'visit',
    isFirst: false,
    amount: null,
    points: 0,
    at: new Date(1_000 * (at % 4)),
  }));
  await domain.scans.models.scans.insertMany(scans);
  log = scans
    .filter(({ merchantId }) => merchantId === club.merchantId)
    .toSorted((a, b) => b.at.getTime() - a.at.getTime() || (a._id < b._id ? 1 : -1));
});
afterAll(() => domain.stop());

const page = (query: object, caller: Principal = club.member) => domain.scans.scans.list(caller, club.merchantId, scansQuery.parse(query));

test('each page is read in the order of an index, and no more than the page', async () => {
  for (const query of [{}, { userId: 'user_3' }]) {
    const expected = log.filter(({ userId }) => !('userId' in query) || userId === query.userId);
    const all: ScanDocument[] = [];
    await expectFrugal(domain.mongo, ['scans'], async () => {
      for (let cursor: string | undefined; ;) {
        const found = await page({ ...query, limit: 17, ...(cursor === undefined ? {} : { cursor }) });
        all.push(...found.page);
        if (found.nextCursor === null) break;
        cursor = found.nextCursor;
      }
    });
    expect(all.map(({ _id }) => _id)).toEqual(expected.map(({ _id }) => _id));
  }
});

test('the log is of members, and takes its own cursors alone', async () => {
  expect(await outcome(page({}, await domain.person()))).toBe('forbidden');
  expect(await outcome(page({ cursor: Buffer.from('["name","a","b"]').toString('base64url') }))).toBe('bad-request');
});
