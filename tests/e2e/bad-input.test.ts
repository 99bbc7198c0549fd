import { request as rawRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { allRoutes, errorCatalogue, problemSchema, type ErrorCode, type RouteDefinition } from '@tidings/contracts';
import { fixtures, type Fixture } from './support/fixtures.js';
import { forgedTokens } from './support/forge.js';
import type { Attempt } from './support/attempt.js';
import { bodyAttempts, headerAttempts, parameterAttempts, pathOf } from './support/attempts.js';
import { toJson } from './support/mutations.js';
import { createScene, type Scene } from './support/scene.js';
import { webhookAttempts } from './support/webhook-attempts.js';

let scene: Scene;
let attempts = 0;
const began = Date.now();

beforeAll(async () => {
  scene = await createScene();
});

afterAll(async () => {
  process.stdout.write(`    ${attempts} bad requests to ${allRoutes.length} routes in ${((Date.now() - began) / 1_000).toFixed(1)} s\n`);
  await scene.world.stop();
});

/** Served beside the API, on each service, and without any input. */
const operational = (route: RouteDefinition): boolean => route.tag === 'ops';
const checked = allRoutes.filter((route) => !operational(route) && !route.raw);
const raw = allRoutes.filter((route) => route.raw);

test('every route has a fixture: a new one adds a valid request to tests/e2e/support/fixtures.ts', () => {
  expect(checked.filter(({ name }) => !Object.hasOwn(fixtures, name)).map(({ name }) => name)).toEqual([]);
});

test('every webhook has its forgeries: a new one adds them to tests/e2e/support/webhook-attempts.ts', () => {
  expect(raw.filter(({ name }) => !Object.hasOwn(webhookAttempts, name)).map(({ name }) => name)).toEqual([]);
});

describe.each(checked.map((route) => ({ name: `${route.method.toUpperCase()} ${route.path}`, route })))('$name', ({ route }) => {
  test('refuses whatever is wrong with it, and keeps nothing of it', async () => {
    const fixture = await fixtures[route.name]!(scene);
    const { as, anyLogin } = fixture;
    await scene.quiet();
    const before = await scene.hashes();
    const list = [
      ...parameterAttempts(route, fixture),
      ...bodyAttempts(route, fixture),
      ...headerAttempts(route),
      ...(as ? loginAttempts(route, as) : []),
      ...(as && !anyLogin ? strangerAttempts(route) : []),
    ];
    const failures = await refusals(route, fixture, list);
    expect(failures).toEqual([]);
    expect(await scene.hashes()).toEqual(before);
    // The same request without the faults: else anything at all could be the reason for the refusals.
    expect(await statusOf(route, fixture)).toBe(route.status);
  });
});

describe.each(raw.map((route) => ({ name: `${route.method.toUpperCase()} ${route.path}`, route })))('$name', ({ route }) => {
  test('refuses what its provider did not sign, or cannot mean, and keeps nothing of it', async () => {
    const { valid, bad } = await webhookAttempts[route.name]!(scene);
    await scene.quiet();
    const before = await scene.hashes();
    expect(await refusals(route, {}, bad)).toEqual([]);
    expect(await scene.hashes()).toEqual(before);
    expect((await send(route, {}, valid)).status).toBe(route.status);
    await scene.quiet();
    const after = await scene.hashes();
    expect((await send(route, {}, valid)).status).toBe(route.status);
    await scene.quiet();
    expect(await scene.hashes()).toEqual(after);
  });
});

test('routes of operators take no input that could be wrong', async () => {
  const routes = allRoutes.filter(operational);
  expect(
    routes.filter(({ method, params, query, body, access }) => method !== 'get' || params || query || body || access !== 'public'),
  ).toEqual([]);
  for (const { path } of routes) {
    const answer = await scene.world.http.send('DELETE', path);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
  }
});

function loginAttempts(route: RouteDefinition, as: NonNullable<Fixture['as']>): Attempt[] {
  const forged = forgedTokens(scene.world.config, as.token, scene.stranger);
  return [
    ...(route.access === 'optional' ? [] : [{ name: 'no login', headers: { authorization: '' }, statuses: [401] }]),
    { name: 'a login by password', headers: { authorization: `Basic ${Buffer.from('a:b').toString('base64')}` }, statuses: [401] },
    { name: 'a token with a blank', headers: { authorization: `Bearer ${as.token} x` }, statuses: [401] },
    { name: 'an API key that nobody has', headers: { authorization: `Bearer tk_${'0'.repeat(24)}_${'A'.repeat(43)}` }, statuses: [401] },
    { name: 'an API key without its secret', headers: { authorization: `Bearer tk_${'0'.repeat(24)}_` }, statuses: [401] },
    { name: 'a refresh token', headers: { authorization: `Bearer ${as.refreshToken}` }, statuses: [401] },
    ...Object.entries(forged).map(([name, token]) => ({
      name: `a token with ${name}`,
      headers: { authorization: `Bearer ${token}` },
      statuses: [401],
    })),
  ];
}

/** The whole valid request, by somebody whose business it is not. */
function strangerAttempts(route: RouteDefinition): Attempt[] {
  const outsiders = { customer: scene.stranger, 'another merchant': scene.otherStall.owner };
  const statuses = typeof route.access === 'string' ? [403, 404] : [403];
  return Object.entries(outsiders).map(([who, { token }]) => ({
    name: `by ${who}`,
    headers: { authorization: `Bearer ${token}` },
    statuses,
  }));
}

/** What was not refused as it should, in words. A few at a time: they change nothing, so their order does not matter. */
async function refusals(route: RouteDefinition, fixture: Fixture, list: readonly Attempt[]): Promise<string[]> {
  const failures: string[] = [];
  const left = list.values();
  const work = async (): Promise<void> => {
    for (const attempt of left) {
      attempts++;
      const { status, type, text } = await send(route, fixture, attempt);
      const complaint = fault(attempt, status, type, text);
      if (complaint) failures.push(`${attempt.name}: ${complaint}`);
    }
  };
  await Promise.all(Array.from({ length: 4 }, work));
  return failures;
}

function fault({ statuses = [400] }: Attempt, status: number, type: string, text: string): string | undefined {
  if (!statuses.includes(status)) return `answered ${status} ${text.slice(0, 300)}`;
  if (!type.startsWith('application/problem+json')) return `answered as ${type}`;
  const problem = problemSchema.safeParse(JSON.parse(text));
  if (!problem.success) return `answered ${text.slice(0, 300)}`;
  const { code } = problem.data;
  if (!Object.hasOwn(errorCatalogue, code)) return `has the code ${code}`;
  if (errorCatalogue[code as ErrorCode].status !== status || problem.data.status !== status) return `has status ${status} and code ${code}`;
  return /mongo|mongoose|at \/|node_modules|\.ts:\d/i.test(text) ? `tells of our insides: ${text.slice(0, 300)}` : undefined;
}

async function statusOf(route: RouteDefinition, fixture: Fixture): Promise<number> {
  return (await send(route, fixture, { name: 'valid' })).status;
}

/** Not by fetch, which corrects what it is given: paths, headers, lone surrogates. */
function send(route: RouteDefinition, fixture: Fixture, attempt: Attempt): Promise<{ status: number; type: string; text: string }> {
  const body = attempt.body ?? fixture.form?.body ?? (fixture.body === undefined ? undefined : toJson(fixture.body));
  const headers: Record<string, string> = {
    ...(fixture.as ? { authorization: `Bearer ${fixture.as.token}` } : {}),
    ...(body ? { 'content-type': fixture.form?.type ?? 'application/json', 'content-length': String(Buffer.byteLength(body)) } : {}),
    ...attempt.headers,
  };
  if (headers['authorization'] === '') delete headers['authorization'];
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(scene.urlOf(route));
    const method = attempt.method ?? route.method.toUpperCase();
    const request = rawRequest({ hostname, port, method, path: attempt.path ?? pathOf(route, fixture), headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      const type = response.headers['content-type'] ?? '';
      const answer = (): void => resolve({ status: response.statusCode ?? 0, type, text });
      // It would go on for ever.
      if (type.startsWith('text/event-stream')) return void response.destroy().once('close', answer);
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', answer);
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}
