import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newId } from '@tidings/platform';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { codesOf, openStall, surely, type Stall } from '../../../tests/support/stalls.js';
import { createCodes, passing, type Code } from '../../codes/codes.js';

describe('handing over by code', () => {
  let domain: Domain;
  let stall: Stall;
  let sign: (code: Code) => string;
  beforeAll(async () => {
    domain = await createDomain();
    stall = await openStall(domain);
    sign = (code) => createCodes(domain.config.jwtKeys).sign(code);
  });
  afterAll(() => domain.stop());

  const scan = (code: string, at: Stall = stall) =>
    surely(() => domain.run((tx) => domain.orders.pickups.handOver(tx, at.member, at.vendorId, code)));

  test('the code that the customer shows completes the order; shown again it was used', async () => {
    const { buyer, order } = await stall.ready();
    const { code, expiresAt } = await domain.orders.pickups.code(buyer, order._id);
    const another = await domain.orders.pickups.code(buyer, order._id);
    expect(expiresAt).toBeGreaterThan(Date.now());
    expect((await scan(code)).result).toMatchObject({ _id: order._id, status: 'completed', version: 4 });
    expect(await codesOf([scan(code), scan(another.code)])).toEqual(['code-used', 'code-used']);
    await expect(domain.orders.pickups.code(buyer, order._id)).rejects.toMatchObject({ code: 'not-found' });
  });

  test('of ten scans at once one hands it over, the others are told', async () => {
    const { buyer, order } = await stall.ready();
    const { code } = await domain.orders.pickups.code(buyer, order._id);
    const codes = await codesOf(Array.from({ length: 10 }, () => scan(code)));
    expect(codes.toSorted()).toEqual([...Array.from({ length: 9 }, () => 'code-used'), 'ok']);
    expect((await domain.orders.orders.get(buyer, order._id)).version).toBe(4);
  });

  test('every other code is refused with a code of its own', async () => {
    const { buyer, order } = await stall.ready();
    const { code } = await domain.orders.pickups.code(buyer, order._id);
    const now = new Date();
    const pickup = (fields: Partial<Extract<Code, { kind: 'pickup' }>>): string =>
      sign({ kind: 'pickup', orderId: order._id, ...passing(now), ...fields });
    const other = await openStall(domain);
    // Whoever works at both counters sees both orders, and still stands at one of them.
    const ofBoth = await domain.person({ merchants: [stall.vendorId, other.vendorId] });
    expect(
      await codesOf([
        scan(`${code.slice(0, -1)}${code.endsWith('A') ? 'B' : 'A'}`),
        scan('not a code'),
        scan(pickup({ expiresAt: Math.floor(now.getTime() / 1_000 - 1) * 1_000 })),
        scan(pickup({ orderId: newId() })),
        scan(sign({ kind: 'user', userId: buyer.userId, ...passing(now) })),
        scan(code, other),
        scan(code, { ...other, member: ofBoth }),
      ]),
    ).toEqual(['code-invalid', 'code-invalid', 'code-expired', 'code-foreign', 'code-foreign', 'code-foreign', 'code-foreign']);
    expect((await domain.orders.orders.get(buyer, order._id)).status).toBe('ready');
  });

  test('only the customer shows it, only members scan it, and only what is ready is handed over', async () => {
    const buyer = await stall.customer(100);
    const { _id } = await stall.place(buyer);
    const { code } = await domain.orders.pickups.code(buyer, _id);
    expect(await codesOf([scan(code)])).toEqual(['invalid-transition']);
    const stranger = await domain.person();
    const asked = [stall.member, stranger].map((caller) => domain.orders.pickups.code(caller, _id));
    expect(await codesOf(asked)).toEqual(['forbidden', 'not-found']);
    const by = [buyer, stranger].map((caller) => domain.run((tx) => domain.orders.pickups.handOver(tx, caller, stall.vendorId, code)));
    expect(await codesOf(by)).toEqual(['forbidden', 'forbidden']);
  });
});
