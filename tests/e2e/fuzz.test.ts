import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { allRoutes, problemSchema, type RouteDefinition } from '@tidings/contracts';
import type { Account } from '@tidings/testing';
import fc from 'fast-check';
import { inputs, type Input, type Pool } from './support/arbitrary.js';
import { ledgerProblems } from './support/ledger.js';
import { toJson } from './support/mutations.js';
import { createScene, password, type Scene } from './support/scene.js';
import { operationOf, type Operation } from './support/schema.js';

/** Requests to each route; the seed repeats a run: FUZZ_SEED=… FUZZ_RUNS=… npx jest tests/e2e/fuzz; FUZZ_SHRINK=1 looks for the smallest one. */
const runs = Number(process.env['FUZZ_RUNS'] ?? 40);
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);

type Role = 'customer' | 'vendor' | 'admin' | 'nobody';

let scene: Scene;
let people: Record<Exclude<Role, 'nobody'>, Account>;
let known: Record<string, string[]>;
const statuses = new Map<number, number>();
const began = Date.now();

beforeAll(async () => {
  scene = await createScene();
  people = { customer: scene.customer, vendor: scene.stall.owner, admin: scene.admin };
  const victim = await scene.world.signUp('Victim');
  const orders: { id: string }[] = [];
  // One after the other: of one customer's orders at once some are told to come again on a slow machine.
  for (let count = 0; count < 4; count++) orders.push(await scene.placeOrder());
  const notification = await scene.notification();
  known = {
    id: [...orders.map(({ id }) => id), scene.stall.merchant.id, scene.otherStall.merchant.id, notification.id, victim.id],
    itemId: [scene.stall.item.id, scene.stall.item.name],
    userId: [victim.id],
    vendorId: [scene.stall.merchant.id, scene.otherStall.merchant.id],
    email: [victim.email],
    currency: ['INR', 'USD'],
    password: [password],
    provider: ['stripe', 'sandbox'],
    feeds: ['plans', 'announcements,merchants', `user:${victim.id}`],
    cursors: ['0', '1,2', 'former.0'],
  };
});

afterAll(async () => {
  const counts = [...statuses].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  process.stdout.write(
    `    ${runs} requests to each of ${allRoutes.length} routes with seed ${seed} in ${((Date.now() - began) / 1_000).toFixed(1)} s (${counts.join(', ')})\n`,
  );
  await scene.world.stop();
});

const pool: Pool = (field) => known[field] ?? [];
const role = fc.constantFrom<Role>('customer', 'customer', 'vendor', 'vendor', 'admin', 'admin', 'nobody');
// Operators' routes of a service beside the API have nothing to fuzz; the API's own documents do.
const routes = allRoutes.filter(({ tag, path }) => tag !== 'ops' || path.startsWith('/api/'));

describe.each(routes.map((route) => ({ name: `${route.method.toUpperCase()} ${route.path}`, route })))('$name', ({ route }) => {
  test('answers as its documentation says, whatever it is sent', async () => {
    const operation = operationOf(route);
    const property = fc.asyncProperty(role, inputs(operation, pool), async (who, input) => {
      const answer = await send(route, who, input);
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      expect(undocumented(route, operation, answer)).toBeUndefined();
    });
    await fc.assert(property, { numRuns: runs, seed, endOnFailure: process.env['FUZZ_SHRINK'] === undefined });
  });
});

test('after all of it no money has come from nowhere', async () => {
  await scene.quiet();
  expect(await ledgerProblems(scene.world.mongo)).toEqual([]);
});

interface Answer {
  status: number;
  type: string;
  text: string;
}

async function send(route: RouteDefinition, who: Role, { params, query: given, body, headers }: Input): Promise<Answer> {
  // What it would wait for does not come.
  const query = route.path === '/api/feeds/poll' && /^\d*$/.test(given['wait'] ?? '') ? { ...given, wait: '0' } : given;
  // A segment of dots is taken out of the path by whoever sends it: that would be a request to another route.
  const segment = (value = ''): string => (/^\.{1,2}$/.test(value) ? 'dots' : encodeURIComponent(value));
  const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) => segment(params[name]));
  const search = new URLSearchParams(query).toString();
  const login = who === 'nobody' ? {} : { authorization: `Bearer ${people[who].token}` };
  const content = body === undefined ? {} : { body: toJson(body), headers: { 'content-type': 'application/json' } };
  const response = await fetch(`${scene.urlOf(route)}${path}${search ? `?${search}` : ''}`, {
    method: route.method.toUpperCase(),
    ...content,
    headers: { ...content.headers, ...headers, ...login },
  });
  const type = response.headers.get('content-type') ?? '';
  const text = type.startsWith('text/event-stream') ? await firstOf(response) : await response.text();
  const answer = { status: response.status, type, text };
  // Some routes end the session that calls them, or all of the caller's others.
  if (who !== 'nobody' && (route.path.includes('session') || route.path.includes('logout'))) await renew(who);
  return answer;
}

/** The beginning of a stream that would go on for ever. */
async function firstOf({ body }: Response): Promise<string> {
  const reader = body!.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return Buffer.from(value ?? []).toString();
}

async function renew(who: Exclude<Role, 'nobody'>): Promise<void> {
  if ((await people[who].http.get('/api/me')).status === 401) people[who] = await scene.world.logIn(people[who].email, password);
}

/** What the documentation does not say of this answer; undefined when it says all. */
function undocumented(route: RouteDefinition, { answers }: Operation, { status, type, text }: Answer): string | undefined {
  const told = `${status} ${text.slice(0, 400)}`;
  const documented = answers[status];
  if (status >= 500) return `a failure: ${told}`;
  if (!documented) return `status not documented: ${told}`;
  const { contentTypes } = documented;
  if (contentTypes.length > 0 && !contentTypes.some((one) => type.startsWith(one))) return `type ${type} not documented: ${told}`;
  if (status >= 400) {
    const problem = problemSchema.safeParse(JSON.parse(text));
    if (!problem.success) return `no problem: ${told}`;
    return documented.codes?.includes(problem.data.code) ? undefined : `code not documented: ${told}`;
  }
  // An image or a file: its type is all that is told of it.
  if (route.media?.some((one) => type.startsWith(one))) return text === '' ? `an empty ${type}` : undefined;
  if (!route.response) return text === '' ? undefined : `a body where there is none: ${told}`;
  const parsed = route.response.safeParse(type.includes('json') ? JSON.parse(text) : text);
  return parsed.success ? undefined : `body not as documented: ${told} ${parsed.error.message}`;
}
