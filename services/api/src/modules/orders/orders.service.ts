import {
  closedOrderStatuses,
  feeds,
  isAdmin,
  openOrderStatuses,
  Problem,
  type OrderInput,
  type OrderRefundInput,
  type OrderStatus,
  type OrderStatusInput,
  type Principal,
} from '@tidings/contracts';
import { auditRead, type Tx } from '@tidings/feed';
import { newId, type Mongo } from '@tidings/platform';
import { newestFirst, olderThan, pageByTime, type Paged } from '../../http/lists.js';
import { assertMayLook, isMember, type Items, type Menus, type SellingService } from '../merchants/index.js';
import { announcePayment, type Wallet } from '../wallet/index.js';
import { fillBasket } from './basket.js';
import { takenPieces, type OrderFollower, type OrderSteps } from './order-steps.js';
import type { OrderDocument, OrderModels } from './orders.model.js';
import { itemNameOf, presentOrder } from './orders.presenter.js';
import { createPickupNumbers, type PickupTicket } from './pickup-numbers.js';

export interface OrdersQuery {
  limit: number;
  cursor?: string | undefined;
  open?: boolean | undefined;
  status?: OrderStatus | undefined;
  vendorId?: string | undefined;
}

export interface Orders {
  /** For one request, whose transaction may run several times. */
  ticket(): PickupTicket;
  /**
   * Places an order and pays it from the customer's wallet: both or neither.
   * @param options `hasChecked`: the transaction has looked at the items, so they are taken as it sees them
   * @throws Problem `not-found` (the merchant), `merchant-closed`, `insufficient-funds`, and what `fillBasket` refuses
   */
  place(tx: Tx, caller: Principal, input: OrderInput, ticket: PickupTicket, options?: { hasChecked?: boolean }): Promise<OrderDocument>;
  /**
   * A step by a member of the merchant; cancelling and rejecting give back what was not given back before.
   * @throws Problem `not-found` (also for other people's orders), `forbidden` (the customer), `invalid-transition`, `version-mismatch`,
   *   `insufficient-funds` when the merchant cannot pay the refund
   */
  changeStatus(tx: Tx, caller: Principal, id: string, input: OrderStatusInput, ifMatch?: string): Promise<OrderDocument>;
  /** The customer's way out, until the kitchen has begun. @throws Problem as `changeStatus` */
  cancel(tx: Tx, caller: Principal, id: string, reason?: string, ifMatch?: string): Promise<OrderDocument>;
  /**
   * A part of the price back to the customer, by a member of the merchant; the order goes on as it is. Administrators have a way of their
   * own, with a limit and an entry in the audit log.
   * @throws Problem `not-found` (also for other people's orders), `forbidden` (the customer, administrators), `refund-exceeds-payment`,
   *   `version-mismatch`, `insufficient-funds` when the merchant cannot pay it
   */
  refund(tx: Tx, caller: Principal, id: string, input: OrderRefundInput, ifMatch?: string): Promise<OrderDocument>;
  /** For whoever has looked at the rights. */
  giveBack: OrderSteps['giveBack'];
  /** An administrator's look at other people's is audited, as following their feed is. @throws Problem `not-found`, also for other people's orders */
  get(caller: Principal, id: string, tx?: Tx): Promise<OrderDocument>;
  /** Newest first. @throws Problem `forbidden` for a merchant that the caller is no member of */
  list(caller: Principal, query: OrdersQuery): Promise<Paged<OrderDocument>>;
}

export interface OrdersDeps {
  mongo: Mongo;
  models: OrderModels;
  steps: OrderSteps;
  items: Items;
  menus: Menus;
  selling: SellingService;
  wallet: Wallet;
  earn: OrderFollower;
}

export function createOrders({ mongo, models, steps, items, menus, selling, wallet, earn }: OrdersDeps): Orders {
  const { orders } = models;
  const { step, giveBack } = steps;
  const users = mongo.db.collection<{ _id: string; name: string }>('users');

  const nameOf = async (tx: Tx, { userId, name }: Principal): Promise<string> =>
    name ?? (await users.findOne({ _id: userId }, { session: tx.session, projection: { name: 1 } }))?.name ?? 'Customer';

  /** @throws Problem `not-found` */
  const menu = async (tx: Tx, wanted: Parameters<Menus['read']>[1]) => {
    const { merchant, ...rest } = await menus.read(tx, wanted);
    if (!merchant) throw new Problem('not-found', 'There is no such merchant');
    return { merchant, ...rest };
  };

  /** Whether the order exists is nobody's business but its parties'. */
  const visible = async (caller: Principal, id: string, tx?: Tx): Promise<OrderDocument> => {
    const order = await orders.findById(id, null, { session: tx?.session ?? null }).lean<OrderDocument>();
    const isParty = order && (order.userId === caller.userId || isMember(caller, order.vendorId) || isAdmin(caller.roles));
    if (!isParty) throw new Problem('not-found', 'There is no such order');
    return order;
  };

  const get: Orders['get'] = async (caller, id, tx) => {
    const order = await visible(caller, id, tx);
    const isStranger = order.userId !== caller.userId && !isMember(caller, order.vendorId);
    const look = { action: 'order.look', target: `order:${id}` };
    // What a transaction does with it writes its own entry.
    if (isStranger && !tx) await auditRead(mongo, caller, look);
    return order;
  };

  return {
    ticket: createPickupNumbers(models),

    async place(tx, caller, input, ticket, { hasChecked = false } = {}) {
      const names = input.items.map(({ itemId }) => itemId);
      const { merchant, selling: settings, offered } = await menu(tx, { merchantId: input.vendorId, names, asSeen: hasChecked });
      await selling.assertOpen(tx, merchant, settings);
      const { currency, _id: merchantId } = merchant;
      const { lines, total } = fillBasket(input, offered, currency);
      const { userId } = caller;

      const orderId = newId();
      // First: an order that cannot be paid ends here, and takes no pickup number.
      const paid = await wallet.charge(tx, { orderId, userId, merchantId, amount: total, currency }, { isNew: true });
      const pickupNumber = await besides(
        ticket({ id: merchantId, timeZone: merchant.timeZone }),
        tx.grant(feeds.order(orderId), [feeds.user(userId), feeds.merchant(merchantId)]),
      );

      const order: OrderDocument = {
        _id: orderId,
        userId,
        customerName: await nameOf(tx, caller),
        vendorId: merchantId,
        status: 'placed',
        items: lines,
        price: total,
        refunded: 0,
        currency,
        estimatedTime: null,
        pickupNumber,
        ...(merchant.ordersEarn ? { earns: true as const } : {}),
        ...(input.note === undefined ? {} : { note: input.note }),
        version: 1,
        createdAt: tx.now,
        updatedAt: tx.now,
      };
      const { customerName } = order;
      const shown = presentOrder(order);
      // The order first, then what it did to the balance: a screen that shows the payment knows what it was for.
      tx.emit(
        'new-order',
        {
          orderId,
          userId,
          customerName,
          item: itemNameOf(order),
          items: shown.items,
          price: total,
          currency,
          vendorId: merchantId,
          order: shown,
        },
        { orderId, userId, merchantId },
      );
      announcePayment(tx, { orderId, userId, merchantId, amount: total, currency }, paid);
      await orders.insertMany([order], { session: tx.session, lean: true });
      if (order.earns) await earn(tx, order);
      await items.moveStock(tx, takenPieces(order, -1));
      return order;
    },

    async changeStatus(tx, caller, id, input, ifMatch) {
      const order = await visible(caller, id, tx);
      if (!isMember(caller, order.vendorId)) throw new Problem('forbidden', 'Only members of the merchant move an order');
      return step(tx, 'member', order, input, ifMatch);
    },

    async cancel(tx, caller, id, reason, ifMatch) {
      const order = await visible(caller, id, tx);
      if (order.userId !== caller.userId) throw new Problem('forbidden', 'Only the customer cancels an order this way');
      return step(tx, 'customer', order, { status: 'cancelled', reason }, ifMatch);
    },

    async refund(tx, caller, id, input, ifMatch) {
      const order = await visible(caller, id, tx);
      if (!isMember(caller, order.vendorId)) throw new Problem('forbidden', 'Only members of the merchant refund this way');
      return giveBack(tx, order, input, ifMatch);
    },

    giveBack,

    get,

    async list(caller, { vendorId, open, status, limit, cursor }) {
      if (vendorId !== undefined) await assertMayLook(mongo, caller, vendorId, 'orders');
      const found = await orders
        .find({
          ...(vendorId === undefined ? { userId: caller.userId } : { vendorId }),
          $and: [
            status === undefined ? {} : { status },
            open === undefined ? {} : { status: { $in: [...(open ? openOrderStatuses : closedOrderStatuses)] } },
            olderThan(cursor),
          ],
        })
        .sort(newestFirst)
        .limit(limit + 1)
        .lean<OrderDocument[]>();
      return pageByTime(found, limit);
    },
  };
}

/** What the work that goes on meanwhile has come to, when both have ended: nothing may be under way in a transaction that is given up. */
async function besides<T>(meanwhile: Promise<T>, own: Promise<unknown>): Promise<T> {
  const [result, written] = await Promise.allSettled([meanwhile, own]);
  if (written.status === 'rejected') throw written.reason;
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}
