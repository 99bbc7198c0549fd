import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newId } from '@tidings/platform';
import { World, type Person, type TestClient } from './world.js';

let here: World;
let there: World;
/** Forgets soon who does not say so again. */
let forgetful: World;
beforeAll(async () => {
  const prefix = `t${newId()}`;
  here = await World.start({ env: { REDIS_PREFIX: prefix } });
  const env = { REDIS_PREFIX: prefix, MONGODB_URL: here.config.MONGODB_URL };
  there = await World.start({ env });
  forgetful = await World.start({ env, tuning: { editingMs: 300 } });
});
afterAll(async () => {
  await forgetful.stop();
  await there.stop();
  await here.stop();
});

const admin = (): Promise<Person> => here.person({ roles: ['customer', 'admin'] });
const idsOf = (message: Record<string, unknown>) => (message['editors'] as { userId: string }[]).map(({ userId }) => userId).toSorted();
/** Until the client has been told that exactly these have the plan open. */
const shows = (client: TestClient, planId: string, ...who: Person[]) =>
  client.message('plan-editing', () => {
    const told = client.messages.filter(({ type, payload }) => type === 'plan-editing' && payload['planId'] === planId).at(-1);
    return (
      told !== undefined &&
      idsOf(told.payload).join() ===
        who
          .map(({ userId }) => userId)
          .toSorted()
          .join()
    );
  });

test('administrators see who has a plan open, on every gateway, until that one closes it or goes', async () => {
  const [asha, ravi] = [await admin(), await admin()];
  const planId = newId();
  const ashas = await here.connected(asha);
  const ravis = await there.connected(ravi);
  const first = await ashas.ask('plan-editing', { planId });
  expect(first).toMatchObject({ ok: true, editors: [{ userId: asha.userId, email: `${asha.userId}@example.org` }] });
  await shows(ravis, planId, asha);
  expect(idsOf(await ravis.ask('plan-editing', { planId }))).toEqual([asha.userId, ravi.userId].toSorted());
  await shows(ashas, planId, asha, ravi);
  expect(idsOf(await ravis.ask('plan-editing', { planId, open: false }))).toEqual([asha.userId]);
  await shows(ashas, planId, asha);
  ashas.socket.disconnect();
  await shows(ravis, planId);
});

test('who does not say so again is gone after a while; a second window of one is the same editor', async () => {
  const asha = await admin();
  const ravis = await there.connected(await admin());
  const planId = newId();
  const [one, two] = [await forgetful.connected(asha), await forgetful.connected(asha)];
  await one.ask('plan-editing', { planId });
  expect(idsOf(await two.ask('plan-editing', { planId }))).toEqual([asha.userId]);
  await ravis.message('plan-editing', (payload) => payload['planId'] === planId && idsOf(payload).length === 1);
  await shows(ravis, planId);
});

test('is for administrators, and for some plans at once', async () => {
  const customer = await here.connected(await here.person());
  expect(await customer.ask('plan-editing', { planId: 'p1' })).toMatchObject({ ok: false, error: { code: 'forbidden' } });
  const eager = await here.connected(await admin());
  const answers = await Promise.all(Array.from({ length: 21 }, (_, index) => eager.ask('plan-editing', { planId: `plan${index}` })));
  expect(answers.filter(({ ok }) => !ok)).toMatchObject([{ error: { code: 'bad-request' } }]);
  expect(customer.messages.filter(({ type }) => type === 'plan-editing')).toEqual([]);
});
