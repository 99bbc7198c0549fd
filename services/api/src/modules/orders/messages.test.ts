import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { emptyThread, reduceThread, type AnyEvent, type Principal } from '@tidings/contracts';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { codesOf, openStall, surely, type Stall } from '../../../tests/support/stalls.js';

describe('messages about an order', () => {
  let domain: Domain;
  let stall: Stall;
  beforeAll(async () => {
    domain = await createDomain();
    stall = await openStall(domain);
  });
  afterAll(() => domain.stop());

  const ordered = async () => {
    const buyer = await stall.customer(100);
    return { buyer, id: (await stall.place(buyer))._id };
  };
  const send = (caller: Principal, id: string, text: string) =>
    surely(() => domain.run((tx) => domain.orders.messages.send(tx, caller, id, { text }), caller.userId));
  const read = (caller: Principal, id: string, upTo: string) =>
    surely(() => domain.run((tx) => domain.orders.messages.read(tx, caller, id, upTo), caller.userId));
  const list = (caller: Principal, id: string, limit = 100, cursor?: string) => domain.orders.messages.list(caller, id, { limit, cursor });
  const liveThread = async (id: string) => {
    const events = await domain.mongo.db
      .collection('outbox')
      .find({ feeds: `order:${id}` })
      .sort({ at: 1, _id: 1 })
      .toArray();
    return events.map((event) => event as unknown as AnyEvent).reduce(reduceThread, emptyThread(id));
  };

  test('both parties write, both see it, newest first, page by page', async () => {
    const { buyer, id } = await ordered();
    const { result: first, events } = await send(buyer, id, 'No sugar, please');
    expect(events.map(({ type, feeds }) => [type, feeds])).toEqual([
      ['order-message', [`user:${buyer.userId}`, `merchant:${stall.vendorId}`, `order:${id}`]],
    ]);
    expect(first).toMatchObject({ number: 1, party: 'customer', from: buyer.userId });
    const { result: second } = await send(stall.member, id, 'Will do');
    expect(second).toMatchObject({ number: 2, party: 'vendor' });
    await send(buyer, id, 'Thanks');
    const page = await list(buyer, id, 2);
    const rest = await list(stall.member, id, 2, page.nextCursor ?? '');
    expect([...page.items, ...rest.items].map(({ text }) => text)).toEqual(['Thanks', 'Will do', 'No sugar, please']);
    expect(rest.nextCursor).toBeNull();
    expect(page.read).toEqual({ customer: null, vendor: null });
  });

  test('numbers have neither gaps nor doubles when both write at once, and live equals fresh', async () => {
    const { buyer, id } = await ordered();
    await Promise.all(Array.from({ length: 8 }, (_, index) => send(index % 2 ? buyer : stall.member, id, `Message ${index}`)));
    const { items, read: marks } = await list(buyer, id);
    expect(items.map(({ number }) => number)).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
    await read(buyer, id, items[1]?.id ?? '');
    await read(stall.member, id, items[0]?.id ?? '');
    expect(marks).toEqual({ customer: null, vendor: null });
    const { nextCursor: _, ...fresh } = await list(buyer, id);
    expect(await liveThread(id)).toEqual({ orderId: id, ...fresh });
  });

  test('what was read stays read, and an older mark tells nobody', async () => {
    const { buyer, id } = await ordered();
    const [first, second] = [(await send(buyer, id, 'One')).result, (await send(buyer, id, 'Two')).result];
    const { result, events } = await read(stall.member, id, second._id);
    expect(result).toMatchObject({ vendor: { upTo: second._id, number: 2, userId: stall.member.userId }, customer: null });
    expect(events.map(({ type, data }) => [type, data['by'], data['upTo']])).toEqual([['order-messages-read', 'vendor', second._id]]);
    for (const upTo of [first._id, second._id]) {
      const again = await read(stall.member, id, upTo);
      expect(again.events).toEqual([]);
      expect(again.result).toEqual(result);
    }
    const codes = await codesOf([read(stall.member, id, id), read(buyer, (await ordered()).id, first._id)]);
    expect(codes).toEqual(['not-found', 'not-found']);
  });

  test('others neither read nor write, and administrators only read', async () => {
    const { buyer, id } = await ordered();
    const { result } = await send(buyer, id, 'Hello');
    const stranger = await domain.person();
    const rival = (await openStall(domain)).member;
    for (const caller of [stranger, rival]) {
      expect(await codesOf([list(caller, id), send(caller, id, 'Hi'), read(caller, id, result._id)])).toEqual(
        Array.from({ length: 3 }, () => 'not-found'),
      );
    }
    const admin = await domain.person({ roles: ['admin'] });
    expect(await codesOf([list(admin, id), send(admin, id, 'Hi'), read(admin, id, result._id)])).toEqual(['ok', 'forbidden', 'forbidden']);
    await list(stall.member, id);
    const looks = await domain.mongo.db
      .collection('audit_log')
      .find({ target: `order:${id}` })
      .toArray();
    expect(looks.map(({ actor, action }) => [actor, action])).toEqual([[admin.userId, 'order.look']]);
  });
});
