import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { allRoutes, type RouteDefinition } from '@tidings/contracts';
import { collections, verifyAuditLog, type AuditEntry } from '@tidings/feed';
import { waitFor } from '@tidings/testing';
import { pathOf } from './support/attempts.js';
import { fixtures, sentFile, type Fixture } from './support/fixtures.js';
import { createScene, type Scene } from './support/scene.js';

let scene: Scene;
beforeAll(async () => {
  scene = await createScene();
});
afterAll(() => scene.world.stop());

const isForAdministrators = ({ access }: RouteDefinition): boolean =>
  Array.isArray(access) && (access.includes('admin') || access.includes('superadmin'));
/** What administrators may do for a merchant whose members they are not. */
const isOpenToThem = ({ access, who = '' }: RouteDefinition): boolean => access === 'user' && /administrators/.test(who);

/** It is a look, and changes nothing: what it tells of a merchant is in the log as such. */
const looks = new Set(['resolveCode']);
const writes = allRoutes.filter(
  (route) => route.method !== 'get' && !looks.has(route.name) && (isForAdministrators(route) || isOpenToThem(route)),
);

/** As an administrator makes it: a file has to be the own one. */
async function fixtureOf({ name }: RouteDefinition): Promise<Fixture> {
  const fixture = await fixtures[name]!(scene);
  return name === 'setLogo' ? { ...fixture, body: { fileId: await sentFile(scene.world, scene.admin) } } : fixture;
}

describe.each(writes.map((route) => ({ name: `${route.method.toUpperCase()} ${route.path}`, route })))('$name', ({ route }) => {
  test('by an administrator is in the audit log, with what was there before and after', async () => {
    const { world, admin } = scene;
    const fixture = await fixtureOf(route);
    const token = isForAdministrators(route) ? fixture.as!.token : admin.token;
    const userAgent = `audit of ${route.name}`;
    const answer = await fetch(new URL(pathOf(route, fixture), scene.urlOf(route)), {
      method: route.method.toUpperCase(),
      headers: { authorization: `Bearer ${token}`, 'user-agent': userAgent, 'content-type': fixture.form?.type ?? 'application/json' },
      ...(fixture.form
        ? { body: new Uint8Array(fixture.form.body) }
        : fixture.body === undefined
          ? {}
          : { body: JSON.stringify(fixture.body) }),
    });
    expect({ status: answer.status, text: answer.status === route.status ? '' : await answer.text() }).toEqual({
      status: route.status,
      text: '',
    });
    const entries = await world.mongo.db.collection<AuditEntry>(collections.audit).find({ 'from.userAgent': userAgent }).toArray();
    const [entry] = entries.filter(({ action }) => !action.endsWith('.look'));
    expect(entry).toMatchObject({ actor: expect.any(String), from: { ip: '127.0.0.1', sessionId: expect.any(String) } });
    expect(entry).toHaveProperty('before');
    expect(entry).toHaveProperty('after');
    expect(entry!.before).not.toEqual(entry!.after);
  });
});

test('all of that is sealed, and the chain is whole', async () => {
  const { mongo } = scene.world;
  await waitFor('the seals', async () => (await mongo.db.collection(collections.auditUnsealed).countDocuments()) === 0);
  const { head, problems, waiting } = await verifyAuditLog(mongo);
  expect({ problems, waiting }).toEqual({ problems: [], waiting: 0 });
  expect(head.seq).toBeGreaterThanOrEqual(writes.length);
});
