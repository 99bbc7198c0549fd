import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createApi } from '@tidings/api';
import type { Card, Enrollment, PointsEntry, Redemption, Reward } from '@tidings/contracts';
import { closeServer, createLogger, listen } from '@tidings/platform';
import {
  createHttp,
  createStall,
  createWorld,
  expectStatus,
  itemsOf,
  type Account,
  type Http,
  type Stall,
  type World,
} from '@tidings/testing';
import { ledgerProblems } from './support/ledger.js';
import { programAt } from './support/loyalty.js';

let world: World;
let stall: Stall;
/** Of the other replica: its memory is its own, MongoDB and Redis are shared. */
let otherUrl: string;
const undo: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  world = await createWorld();
  stall = await createStall(world);
  const server = createServer();
  const port = await listen(server, 0, '127.0.0.1');
  const logger = createLogger({ name: 'other', level: world.config.LOG_LEVEL });
  const api = createApi({ config: { ...world.config, PORT: port }, mongo: world.mongo, logger });
  server.on('request', api.app);
  await api.start();
  otherUrl = `http://127.0.0.1:${port}`;
  undo.push(
    () => closeServer(server),
    () => api.stop(),
  );
});
afterAll(async () => {
  for (const step of undo.reverse()) await step();
  await world.stop();
});

const rounds = 4;
type Refused = { code?: string };
/** The same on both replicas in the same instant; the answers, the good ones first. */
async function onBoth<T>({ http, token }: Account, call: (http: Http) => Promise<{ status: number; body: T & Refused }>) {
  const answers = await Promise.all([call(http), call(createHttp(otherUrl, token))]);
  return answers.toSorted((a, b) => a.status - b.status).map(({ status, body }) => ({ status, body }));
}
const path = (rest: string): string => `/api/merchants/${stall.merchant.id}/${rest}`;
const codeOf = async ({ http }: Account, at: string): Promise<string> =>
  (await expectStatus(200, http.get<{ code: string }>(`${at}?format=json`))).body.code;
const noted = { status: 200, body: {} };
const refused = (code: string) => ({ status: 409, body: { code } });

test('a code that two phones scan on two replicas in the same instant counts once, and the last reward goes to one, once', async () => {
  const { owner } = stall;
  const { id: programId } = await programAt(stall, { enrollment: 'automatic', bonus: [] });
  const offer = { programId, name: 'Chai', cost: 10, stock: 1 };
  for (let round = 0; round < rounds; round++) {
    const asha = await world.signUp('Asha');
    const { id: rewardId } = (await expectStatus(201, owner.http.post<Reward>(path('rewards'), offer))).body;
    const code = await codeOf(asha, '/api/me/qr');
    const scans = await onBoth(owner, (http) => http.post<{ scanId: string; repeated: boolean }>('/api/qr/scan', { code, programId }));
    expect(scans.map(({ body }) => body.repeated).toSorted()).toEqual([false, true]);
    expect(new Set(scans.map(({ body }) => body.scanId)).size).toBe(1);
    const [card] = await itemsOf<Card>(asha.http, '/api/cards');
    expect(card).toMatchObject({ balance: 10, visits: 1 });

    const wishes = await onBoth(asha, (http) => http.post<Redemption>(`/api/cards/${card!.id}/redemptions`, { rewardId }));
    expect(wishes).toMatchObject([{ status: 201 }, { status: 409 }]);
    const shown = await codeOf(asha, `/api/redemptions/${wishes[0]!.body.id}/qr`);
    const handed = await onBoth(owner, (http) => http.post<Redemption>(path('redemptions/confirm'), { code: shown }));
    expect(handed).toMatchObject([{ ...noted, body: { status: 'confirmed' } }, refused('code-used')]);
    expect(await itemsOf<Card>(asha.http, '/api/cards')).toMatchObject([{ balance: 0, held: 0 }]);
    expect((await itemsOf<Reward>(owner.http, path('rewards'))).find(({ id }) => id === rewardId)).toMatchObject({ stock: 0 });
  }
});

test('what is asked is decided once, whichever replica hears the two answers', async () => {
  const { owner } = stall;
  const { id: programId } = await programAt(stall, { approval: { mode: 'all', above: 0 } });
  const decided = async (by: Account, at: string) => {
    const [first, ...others] = ['accept', 'decline'] as const;
    const answers = await Promise.all([
      by.http.post<Refused>(at, { decision: first }),
      createHttp(otherUrl, by.token).post<Refused>(at, { decision: others[0] }),
    ]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe('invalid-transition');
    return answers[0].status === 200;
  };
  for (let round = 0; round < rounds; round++) {
    const asha = await world.signUp('Asha');
    const { id } = (await expectStatus(201, owner.http.post<Enrollment>('/api/enrollments', { programId, userId: asha.id }))).body;
    const isAccepted = await decided(asha, `/api/enrollments/${id}/decision`);
    const [card] = await itemsOf<Card>(asha.http, '/api/cards');
    expect(card?.status).toBe(isAccepted ? 'active' : undefined);
    if (!card) continue;
    const award = { delta: 7, reason: 'Cake' };
    const { body: waiting } = await expectStatus(201, owner.http.post<PointsEntry>(`/api/cards/${card.id}/points`, award));
    const isGiven = await decided(asha, `/api/points/${waiting.id}/decision`);
    expect(await itemsOf<Card>(asha.http, '/api/cards')).toMatchObject([{ balance: isGiven ? 7 : 0 }]);
  }
  expect(await ledgerProblems(world.mongo, { accounts: 'points_accounts', postings: 'points_postings' })).toEqual([]);
});
