import { badField, isAdmin, type PayByCode, type Principal, Problem, type ResolvedCode } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';
import { passing, userCodeValidMs, type CodeOf, type Codes } from '../../codes/codes.js';
import type { ShownCode } from '../../codes/qr-image.js';
import type { UsedCodes } from '../../codes/used-codes.js';
import { assertMember, presentItem, presentMerchant, type Items, type Merchants } from '../merchants/index.js';
import { presentOrder, type OrderDocument, type Orders, type PickupTicket } from '../orders/index.js';

export interface CodePayments {
  /** A stall's code is on its counter for everybody to see. @throws Problem `not-found` */
  stallCode(merchantId: string): Promise<ShownCode>;
  /**
   * Of an item at its present price. Who has it was at the stall within the last minutes, so only members may make one.
   * @throws Problem `not-found`, `forbidden`, `item-unavailable`
   */
  itemCode(caller: Principal, merchantId: string, itemId: string): Promise<ShownCode>;
  userCode(caller: Principal): ShownCode;
  /** @throws Problem `code-invalid`, `code-expired`, `code-foreign` (also for what is not the caller's business) */
  resolve(caller: Principal, text: string, now: Date): Promise<ResolvedCode>;
  /**
   * Orders and pays what a stall's or an item's code stands for. An item's code serves each customer once.
   * @throws Problem as `resolve` and `Orders.place`; `code-used`; `price-changed`, also when the item costs another price than the code says
   */
  pay(tx: Tx, caller: Principal, input: PayByCode, ticket: PickupTicket): Promise<OrderDocument>;
}

/** What a stall's code shows of the menu at most. */
const shownItems = 100;

export function createCodePayments(options: {
  mongo: Mongo;
  codes: Codes;
  usedCodes: UsedCodes;
  merchants: Merchants;
  items: Items;
  orders: Orders;
}): CodePayments {
  const { mongo, codes, usedCodes, merchants, items, orders } = options;
  const users = mongo.db.collection<{ _id: string; name: string }>('users');

  const shownMerchant = async (id: string) => presentMerchant(await merchants.get(id).catch(asForeign));

  const resolveUser = async (caller: Principal, { userId }: CodeOf<'user'>) => {
    const mayKnow = userId === caller.userId || caller.merchants.length > 0 || isAdmin(caller.roles);
    if (!mayKnow) throw new Problem('code-foreign', "A customer's code is for merchants");
    const user = await users.findOne({ _id: userId }, { projection: { name: 1 } });
    if (!user) throw new Problem('code-foreign', 'The code is of nobody who is here');
    return { userId, name: user.name };
  };

  const itemOrder = async (
    tx: Tx,
    caller: Principal,
    code: CodeOf<'item'>,
    { quantity = 1, options: chosen, items: others }: PayByCode,
  ) => {
    if (others) throw badField('items', 'an item’s code stands for its item alone');
    const offered = await items.find(tx, code.merchantId, [code.itemId]);
    const item = offered.find(({ _id }) => _id === code.itemId);
    if (item && item.price !== code.price) throw new Problem('price-changed', `${item.name} costs ${item.price} now`);
    await usedCodes.use(tx, code, `payment:${caller.userId}`);
    return [{ itemId: code.itemId, quantity, ...(chosen ? { options: chosen } : {}) }];
  };

  const stallOrder = ({ items: chosen, quantity, options: ofItem }: PayByCode) => {
    if (quantity !== undefined) throw badField('quantity', 'belongs to each of the items');
    if (ofItem !== undefined) throw badField('options', 'belong to each of the items');
    if (!chosen) throw badField('items', 'a stall’s code says nothing of them');
    return chosen;
  };

  return {
    async stallCode(merchantId) {
      const { _id } = await merchants.get(merchantId);
      return { code: codes.sign({ kind: 'stall', merchantId: _id }), expiresAt: null };
    },

    async itemCode(caller, merchantId, itemId) {
      await merchants.get(merchantId);
      assertMember(caller, merchantId);
      const { price, available } = await items.get(merchantId, itemId);
      if (!available) throw new Problem('item-unavailable');
      const own = passing(new Date());
      return { code: codes.sign({ kind: 'item', merchantId, itemId, price, ...own }), expiresAt: own.expiresAt };
    },

    userCode({ userId }) {
      const own = passing(new Date(), userCodeValidMs);
      return { code: codes.sign({ kind: 'user', userId, ...own }), expiresAt: own.expiresAt };
    },

    async resolve(caller, text, now) {
      const code = codes.read(text, now);
      if (code.kind === 'stall') {
        const merchant = await shownMerchant(code.merchantId);
        const { page, nextCursor } = await items.list(code.merchantId, { limit: shownItems });
        return { kind: 'stall', expiresAt: null, merchant, items: page.map(presentItem), more: nextCursor !== null };
      }
      if (code.kind === 'card') throw new Problem('code-foreign', 'A printed card collects points; it pays nothing');
      const expiresAt = new Date(code.expiresAt).toISOString();
      switch (code.kind) {
        case 'item': {
          const { merchantId, itemId, price } = code;
          const merchant = await shownMerchant(merchantId);
          const item = presentItem(await items.get(merchantId, itemId).catch(asForeign));
          return { kind: 'item', expiresAt, merchant, items: [item], price, currency: item.currency };
        }
        case 'user':
          return { kind: 'user', expiresAt, customer: await resolveUser(caller, code) };
        case 'pickup':
          return { kind: 'pickup', expiresAt, order: presentOrder(await orders.get(caller, code.orderId).catch(asForeign)) };
        case 'redemption':
          throw new Problem('code-foreign', 'The code is of a reward, which is handed out by it');
      }
    },

    async pay(tx, caller, input, ticket) {
      const code = codes.read(input.code, tx.now);
      if (code.kind !== 'stall' && code.kind !== 'item') throw new Problem('code-foreign', 'The code is of nothing that is for sale');
      const chosen = code.kind === 'stall' ? stallOrder(input) : await itemOrder(tx, caller, code, input);
      const { note, price } = input;
      const order = { vendorId: code.merchantId, items: chosen, ...(note === undefined ? {} : { note }), price };
      // The price that the code names was compared with what the transaction sees.
      return orders.place(tx, caller, order, ticket, { hasChecked: code.kind === 'item' });
    },
  };
}

/** It was there when the code was made, or is not the caller's to see: which of the two is nobody's business. */
function asForeign(error: unknown): never {
  if (error instanceof Problem && error.code === 'not-found') throw new Problem('code-foreign', 'What the code stands for is not here');
  throw error;
}
