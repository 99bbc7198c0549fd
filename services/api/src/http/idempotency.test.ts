import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Problem } from '@tidings/contracts';
import { newId } from '@tidings/platform';
import { createDomain, type Domain } from '../../tests/support/domain.js';
import { createIdempotency, idempotentRequest, type Answer, type IdempotentRequest } from './idempotency.js';

const answer: Answer = { status: 201, body: { paid: 100 }, events: [] };

describe('equal requests', () => {
  let domain: Domain;
  let idempotency: ReturnType<typeof createIdempotency>;
  let spent: (id: string) => { _id: string };
  beforeAll(async () => {
    domain = await createDomain();
    idempotency = createIdempotency(domain.mongo);
    await domain.mongo.db.createCollection('idempotency');
    await domain.mongo.db.createCollection('spent');
    spent = (id) => ({ _id: id });
  });
  afterAll(() => domain.stop());

  const purses = () => domain.mongo.db.collection<{ _id: string }>('spent');
  const newRequest = (): IdempotentRequest => idempotentRequest(newId(), 'u1', 'pay', {})!;

  /** The first one, whole: it spends what there is, and is answered. */
  const first = (request: IdempotentRequest, id: string) =>
    domain.run(async (tx) => {
      await purses().insertOne(spent(id), { session: tx.session });
      await idempotency.record(tx, request, answer);
    });

  test('a record that is rolled back with its change leaves the key free', async () => {
    const request = newRequest();
    const failing = domain.run(async (tx) => {
      await idempotency.record(tx, request, answer);
      throw new Problem('unavailable');
    });
    await expect(failing).rejects.toMatchObject({ code: 'unavailable' });
    expect(await idempotency.stored(request)).toBeNull();
  });

  test('a refusal for what the equal request has spent is answered as that one was', async () => {
    const [request, id] = [newRequest(), newId()];
    const once = idempotency.unlessAnswered(request);
    await first(request, id);
    const second = domain.run((tx) =>
      once(tx, async () => {
        if (await purses().findOne(spent(id), { session: tx.session })) throw new Problem('insufficient-funds');
      }),
    );
    const error: unknown = await second.catch((reason: unknown) => reason);
    expect(idempotency.isTaken(error)).toBe(true);
    expect(await idempotency.first(request)).toEqual(answer);
  });

  test('so is one whose write an index has refused, which ends the transaction', async () => {
    const [request, id] = [newRequest(), newId()];
    const once = idempotency.unlessAnswered(request);
    await first(request, id);
    const second = domain.run((tx) =>
      once(tx, async () => {
        await purses().insertOne(spent(id), { session: tx.session });
      }),
    );
    expect(idempotency.isTaken(await second.catch((reason: unknown) => reason))).toBe(true);
  });

  test('a refusal of its own is told as it is', async () => {
    const id = newId();
    await purses().insertOne(spent(id));
    const once = idempotency.unlessAnswered(newRequest());
    const refused = domain.run((tx) =>
      once(tx, async () => {
        await purses()
          .insertOne(spent(id), { session: tx.session })
          .catch(() => Promise.reject(new Problem('already-exists')));
      }),
    );
    await expect(refused).rejects.toMatchObject({ code: 'already-exists' });
  });
});
