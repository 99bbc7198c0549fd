import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { loyaltyModels, type LoyaltyModels } from '../src/modules/loyalty/loyalty.model.js';
import { startApi, type Person, type TestApi } from './support/api.js';

let api: TestApi;
let owner: Person;
let merchantId: string;
let models: LoyaltyModels;
beforeAll(async () => {
  api = await startApi();
  const admin = await api.admin();
  const person = await api.register();
  const merchant = await admin.http.post('/api/admin/merchants', { name: 'Tea', ownerName: 'R', email: person.email });
  merchantId = String(merchant.body['id']);
  await admin.http.post(`/api/merchants/${merchantId}/members`, { userId: person.id, role: 'owner' });
  owner = await api.logIn(person.email);
  models = loyaltyModels(api.mongo);
});
afterAll(() => api.stop());

const hostile = [
  '=HYPERLINK("http://evil.example","a")',
  "+1+cmd|' /C calc'!A0",
  '-2+3',
  '@SUM(1)',
  'Bob;=1+1',
  'Ñandú "Q", Pune',
  'Asha\n=1',
  '🦜',
];
const many = 5_000;

/** By RFC 4180, and not by the library that writes it. */
function cellsOf(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    if (end === '' && quoted === undefined && plain === '') break;
    rows.at(-1)!.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'));
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

test('5,000 customers come as one file, whatever they are called, and none of it is a formula', async () => {
  await models.customers.insertMany(
    Array.from({ length: many }, (_, at) => {
      const userId = `user_${String(at).padStart(4, '0')}`;
      const name = `${hostile[at % hostile.length]}`;
      return {
        _id: `${merchantId}:${userId}`,
        merchantId,
        userId,
        name,
        nameKey: name.toLowerCase(),
        status: 'active' as const,
        balance: at,
        lifetime: at + 1,
        visits: 2,
        lastVisitAt: at % 2 === 0 ? null : new Date(at),
        programIds: ['one', 'two'],
        tags: ['regular', 'vegan'],
        listedAs: name.toLowerCase(),
        enrolledAt: new Date(2_000_000 - at),
        version: 1,
      };
    }),
  );
  const answer = await fetch(`${api.url}/api/merchants/${merchantId}/customers.csv`, {
    headers: { authorization: `Bearer ${owner.token}` },
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
  expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="customers-${merchantId}.csv"`);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const bytes = Buffer.from(await answer.arrayBuffer());
  expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
  const [header, ...rows] = cellsOf(bytes.subarray(3).toString('utf8'));
  expect(header).toEqual(['userId', 'name', 'balance', 'lifetime', 'visits', 'lastVisitAt', 'enrolledAt', 'tags', 'programIds']);
  expect(rows).toHaveLength(many);
  for (const [at, row] of rows.entries()) {
    const last = at % 2 === 0 ? '' : new Date(at).toISOString();
    const rest = [String(at), String(at + 1), '2', last, new Date(2_000_000 - at).toISOString(), 'regular;vegan', 'one;two'];
    expect([row[0], ...row.slice(2)]).toEqual([`user_${String(at).padStart(4, '0')}`, ...rest]);
    expect(row[1]!.replaceAll("'", '')).toBe(hostile[at % hostile.length]!.replaceAll("'", ''));
    for (const cell of row) expect(cell).not.toMatch(/(^|[;\t\r\n])\s*[=+\-@]/);
  }
});

test('a file takes the filters of the list, and none of its pages', async () => {
  const get = (path: string, as = owner) => as.http.get<{ text?: string }>(`/api/merchants/${merchantId}/${path}`);
  const rowsOf = async (query: string) => cellsOf(String((await get(`customers.csv?${query}`)).body.text)).slice(1);
  expect((await rowsOf('sort=balance')).map((row) => row[2]).slice(0, 2)).toEqual(['4999', '4998']);
  expect(await rowsOf('tag=unknown')).toEqual([]);
  for (const query of ['limit=5', 'cursor=x', 'sort=age', 'search=a&sort=balance', 'tag=='])
    expect([query, (await get(`customers.csv?${query}`)).status]).toEqual([query, 400]);
  expect((await get('customers.csv', await api.register())).status).toBe(403);
  const asked = await fetch(`${api.url}/api/merchants/${merchantId}/customers.csv`, {
    method: 'HEAD',
    headers: { authorization: `Bearer ${owner.token}` },
  });
  expect([asked.status, asked.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8; header=present']);
});

test('the figures come per day', async () => {
  const { body } = await owner.http.get<{ text: string }>(`/api/merchants/${merchantId}/analytics.csv?from=2026-11-01&to=2026-11-02`);
  const names = [
    'date',
    'scans',
    'newCustomers',
    'returning',
    'enrollmentsRequested',
    'enrolled',
    'issued',
    'reversed',
    'redeemed',
    'expired',
  ];
  const zeros = names.slice(1).map(() => '0');
  expect(cellsOf(body.text.replace('\uFEFF', ''))).toEqual([names, ['2026-11-01', ...zeros], ['2026-11-02', ...zeros]]);
});
