import { newId } from '@tidings/platform';
import { waitFor } from '@tidings/testing';
import { pace } from '../pace.js';
import { createRig, type Person, type Rig } from '../rig.js';
import { median, percentile, type Row } from '../table.js';

const perSecond = 40;
const currency = 'INR';
const dayMs = 86_400_000;
const patienceMs = 1_800_000;

/**
 * An administrator changes the return of a plan with very many active investments, and the process that brings them up to date is killed amid. All the
 * time others read their investments and follow a plan, at a fixed rate: as before, while it happens, and after the process is back.
 */
export const planChange: Row = async ({ short, log }) => {
  const [count, holders, seconds] = short ? [1_000, 100, 1] : [100_000, 10_000, 10];
  const rig = await createRig();
  let api = await rig.start('api');
  await rig.start('event-relay');
  await rig.start('notification-worker');
  const people = await rig.people(holders);
  const { url } = api;
  const admin = await logIn(url, rig);
  const create = (name: string) =>
    asked<{ id: string }>(url, 'POST', '/api/admin/plans', admin, { name, roi: 2.5, duration: 365, minAmount: 1 });
  const [plan, other] = [await create('Gold'), await create('Silver')];
  await fillInvestments(rig, plan.id, people, count);

  let turn = 0;
  /** Milliseconds of each request, from the moment at which it was due, for some seconds. */
  const probe = async (forSeconds: number): Promise<number[]> => {
    const all: Promise<number>[] = [];
    await pace({
      perSecond,
      seconds: forSeconds,
      emit: (from, to) => {
        for (let index = from; index < to; index++) {
          const { token } = people[turn++ % people.length]!;
          const due = performance.now();
          const request =
            turn % 2 ? asked(url, 'GET', '/api/investments', token) : asked(url, 'PUT', `/api/plans/${other.id}/follow`, token);
          all.push(request.then(() => performance.now() - due));
        }
      },
    });
    return Promise.all(all);
  };
  await probe(seconds); // until the code is compiled
  const usual = await probe(seconds);

  const investments = rig.mongo.db.collection('investments');
  const left = () => investments.countDocuments({ planId: plan.id, status: 'ACTIVE', termsVersion: 1 });
  const start = performance.now();
  await asked(url, 'PUT', `/api/admin/plans/${plan.id}`, admin, { roi: 3.5 });
  const meanwhile: number[] = [];
  const probeUntil = async (most: number): Promise<void> => {
    while ((await left()) > most) meanwhile.push(...(await probe(short ? 0.2 : 2)));
  };
  await probeUntil(Math.floor(count / 2));
  await api.kill();
  api = await rig.start('api');
  await probeUntil(0);
  const took = (performance.now() - start) / 1_000;
  log(`plan change: ${count} investments in ${took.toFixed(0)} s, the API killed amid; waiting until everybody has read of it`);

  const notifications = rig.mongo.db.collection('notifications');
  await waitFor(
    'every notification',
    async () => (await notifications.countDocuments({ title: 'Investment changed' })) >= count,
    patienceMs,
  );
  const told = await rig.mongo.db
    .collection('outbox')
    .aggregate<{ events: number; investments: number }>([
      { $match: { type: 'investment-updated' } },
      { $group: { _id: '$data.investmentId', events: { $sum: 1 } } },
      { $group: { _id: null, events: { $sum: '$events' }, investments: { $sum: 1 } } },
    ])
    .toArray();
  const { events = 0, investments: reached = 0 } = told[0] ?? {};
  const notified = await notifications.countDocuments({ title: 'Investment changed' });
  const losses = Math.abs(count - events) + Math.abs(count - reached) + Math.abs(count - notified);
  await rig.stop();

  const of = (milliseconds: readonly number[]) => [median(milliseconds), percentile(milliseconds, 0.99)] as const;
  const [[p50, p99], [p50Then, p99Then]] = [of(usual), of(meanwhile.length > 0 ? meanwhile : usual)];
  return {
    lines: [
      {
        what: `others' requests while ${count.toLocaleString('en')} investments follow a plan`,
        tidings: `p50 ${p50Then.toFixed(1)} ms, p99 ${p99Then.toFixed(1)} ms`,
        peer: `before: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
        ratio: `${(p50Then / p50).toFixed(2)}×`,
        aim: '≤ 2.00×',
        met: p50Then <= 2 * p50,
      },
    ],
    notes: [
      `plan change: ${count} investments of ${holders} holders in ${took.toFixed(1)} s with the API killed by SIGKILL half-way; ${events} events of ${reached} investments, ${notified} notifications; ` +
        `p99 of others' requests ${(p99Then / p99).toFixed(2)}×, at ${perSecond}/s`,
    ],
    losses,
  };
};

async function logIn(url: string, { admin }: Rig): Promise<string> {
  const { accessToken } = await asked<{ accessToken: string }>(url, 'POST', '/api/auth/login', undefined, admin);
  return accessToken;
}

async function asked<Body>(url: string, method: string, path: string, token?: string, body?: object): Promise<Body> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text) as Body;
}

/** Written straight to the database, as investing writes them: so many by HTTP would take an hour. What stands behind them in the ledger is left out; nothing matures here. */
async function fillInvestments({ mongo: { db } }: Rig, planId: string, people: readonly Person[], count: number): Promise<void> {
  const createdAt = new Date();
  const terms = { planId, planName: 'Gold', currency, roiBp: 250, duration: 365, termsVersion: 1, status: 'ACTIVE', amount: 10_000 };
  const times = { createdAt, updatedAt: createdAt, maturesAt: new Date(createdAt.getTime() + 365 * dayMs), endedAt: null };
  for (let from = 0; from < count; from += 10_000) {
    await db.collection<{ _id: string }>('investments').insertMany(
      Array.from({ length: Math.min(10_000, count - from) }, (_, index) => ({
        _id: newId(),
        userId: people[(from + index) % people.length]!.id,
        ...terms,
        ...times,
        version: 1,
      })),
    );
  }
  await db
    .collection<{ _id: string }>('plans')
    .updateOne({ _id: planId }, { $set: { invested: count * terms.amount, active: count, used: true } });
}
