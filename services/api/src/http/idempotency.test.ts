import { expect, test } from '@jest/globals';
import type { Mongo } from '@tidings/platform';
import { createIdempotency } from './idempotency.js';

test('an equal request that was first is answered for as soon as the majority has its record', async () => {
  const record = { _id: 'r', bodyHash: 'h', status: 201, body: '{"id":"1"}', events: [], expiresAt: new Date() };
  // The majority lags behind the primary, which has refused the key already.
  const reads = [null, null, record];
  const mongo = { db: { collection: () => ({ findOne: async () => reads.shift() }) } } as unknown as Mongo;
  const answer = await createIdempotency(mongo).first({ recordId: 'r', bodyHash: 'h' });
  expect(answer).toEqual({ status: 201, body: { id: '1' }, events: [] });
});
