import { Problem, type ItemInput, type OrderInput, type OrderStatusInput, type Principal } from '@tidings/contracts';
import { newId } from '@tidings/platform';
import type { OrderDocument } from '../../src/modules/orders/orders.model.js';
import type { Domain } from './domain.js';

/** A merchant with a member and an item at 100 minor units, and what people do there. */
export interface Stall {
  vendorId: string;
  member: Principal;
  itemId: string;
  /** A customer who has this much. */
  customer(balance: number): Promise<Principal>;
  /** Orders as clients do: told to try again shortly, it tries again, so that a slow machine is no failure. */
  place(caller: Principal, quantity?: number): Promise<OrderDocument>;
  move(id: string, status: OrderStatusInput['status']): Promise<OrderDocument>;
  /** An order that has got as far as the counter, with a customer who has nothing left. */
  ready(quantity?: number): Promise<{ buyer: Principal; order: OrderDocument }>;
}

export async function openStall(domain: Domain, fields: Partial<ItemInput> = {}): Promise<Stall> {
  const { result: merchant } = await domain.run((tx) =>
    domain.merchants.merchants.create(tx, { name: `Chai House ${newId()}`, ownerName: 'Ravi', email: `${newId()}@example.com` }),
  );
  const vendorId = merchant._id;
  const member = await domain.person({ merchants: [vendorId] });
  const { result: item } = await domain.run((tx) =>
    domain.merchants.items.create(tx, member, vendorId, { name: 'Masala chai', price: 100, ...fields }),
  );
  const { orders } = domain.orders;

  const stall: Stall = {
    vendorId,
    member,
    itemId: item._id,
    async customer(balance) {
      const person = await domain.person();
      if (balance > 0) await domain.fund(person.userId, balance);
      return person;
    },
    place: (caller, quantity = 1) =>
      surely(async () => {
        const input: OrderInput = { vendorId, items: [{ itemId: item._id, quantity }] };
        const ticket = orders.ticket();
        return (await domain.run((tx) => orders.place(tx, caller, input, ticket), caller.userId)).result;
      }),
    move: (id, status) =>
      surely(async () => (await domain.run((tx) => orders.changeStatus(tx, member, id, { status }), member.userId)).result),
    async ready(quantity = 1) {
      const buyer = await stall.customer(quantity * item.price);
      const { _id } = await stall.place(buyer, quantity);
      await stall.move(_id, 'preparing');
      return { buyer, order: await stall.move(_id, 'ready') };
    },
  };
  return stall;
}

/** Again while the answer is to try again later. */
export async function surely<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Problem && error.code === 'unavailable') return surely(work);
    throw error;
  }
}

export async function codesOf(results: readonly Promise<unknown>[]): Promise<string[]> {
  const settled = await Promise.allSettled(results);
  return settled.map((result) => {
    if (result.status === 'fulfilled') return 'ok';
    if (result.reason instanceof Problem) return result.reason.code;
    throw result.reason;
  });
}
