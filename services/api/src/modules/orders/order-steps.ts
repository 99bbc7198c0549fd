import { Problem, type OrderRefundInput, type OrderStatus } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { checkIfMatch } from '../../http/etag.js';
import type { Items, SellingService } from '../merchants/index.js';
import type { Wallet } from '../wallet/index.js';
import { isRefunded, mayStep, type Mover } from './order-states.js';
import type { OrderDocument, OrderModels } from './orders.model.js';
import { itemNameOf, presentOrder, refundedOf } from './orders.presenter.js';

export interface Step {
  status: OrderStatus;
  /** Whole minutes. */
  estimatedTime?: number | undefined;
  reason?: string | undefined;
  /** Whether what is left of the price goes back; it does in any case for an order that is cancelled or rejected. */
  refund?: boolean | undefined;
}

export const expiryJobKind = 'order-expiry';

/** Is told, in the transaction, of an order that was paid or given back from, where the merchant's paid orders earn points. */
export type OrderFollower = (tx: Tx, order: Pick<OrderDocument, '_id' | 'version'>) => Promise<void>;

/** What may happen to an order that stands, whoever asks for it; the caller has looked at their rights. */
export interface OrderSteps {
  /** @throws Problem `invalid-transition`, `version-mismatch`, `insufficient-funds` when the merchant cannot pay the refund (it owes what the clock gives back) */
  step(tx: Tx, mover: Mover, order: OrderDocument, to: Step, ifMatch?: string): Promise<OrderDocument>;
  /**
   * A part of the price, never more than what is left of it; of one by an administrator the members are notified.
   * @throws Problem `refund-exceeds-payment`, `version-mismatch`, `insufficient-funds` when the merchant cannot pay it
   */
  giveBack(tx: Tx, order: OrderDocument, refund: OrderRefundInput & { byAdmin?: true }, ifMatch?: string): Promise<OrderDocument>;
}

export function createOrderSteps(options: {
  orders: OrderModels['orders'];
  items: Items;
  selling: SellingService;
  wallet: Wallet;
  earn: OrderFollower;
}): OrderSteps {
  const { orders, items, selling, wallet, earn } = options;

  const change = async (tx: Tx, order: OrderDocument, fields: Partial<OrderDocument>): Promise<OrderDocument> => {
    const changed = await orders
      // Of two who change it at once, one conflicts here, runs again and finds the order as the other has left it.
      .findOneAndUpdate(
        { _id: order._id, version: order.version, status: order.status },
        { $set: { ...fields, updatedAt: tx.now }, $inc: { version: 1 } },
        { session: tx.session, returnDocument: 'after' },
      )
      .lean<OrderDocument>();
    if (!changed) throw new Problem('version-mismatch', undefined, { current: presentOrder(order) });
    return changed;
  };

  const pay = (
    tx: Tx,
    { _id: orderId, userId, vendorId: merchantId, currency }: OrderDocument,
    refund: OrderRefundInput & { lend?: true },
    key: string,
  ) => wallet.refund(tx, { orderId, userId, merchantId, currency, ...refund, key });

  const unclaimedFrom = async (tx: Tx, { vendorId }: OrderDocument): Promise<OrderDocument['unclaimed']> => {
    const rule = await selling.unclaimedRule(tx, vendorId);
    return rule ? { at: new Date(tx.now.getTime() + rule.afterMinutes * 60_000), refund: rule.refund } : undefined;
  };

  return {
    async step(tx, mover, order, to, ifMatch) {
      assertSeen(order, ifMatch);
      const { status, estimatedTime, reason } = to;
      if (!mayStep(mover, order.status, status) && !isNewEstimate(mover, order, to))
        throw new Problem('invalid-transition', `An order that is ${order.status} cannot become ${status} this way`);
      const ends = isRefunded(status);
      const refunds = ends || to.refund === true;
      const left = order.price - refundedOf(order);
      const unclaimed = status === 'ready' ? await unclaimedFrom(tx, order) : undefined;
      const moved = await change(tx, order, {
        status,
        ...(estimatedTime === undefined ? {} : { estimatedTime }),
        ...(reason === undefined ? {} : { reason }),
        ...(unclaimed === undefined ? {} : { unclaimed }),
        ...(refunds ? { refunded: order.price } : {}),
      });
      announceStep(tx, moved);
      if (unclaimed) {
        // Named by the version at which it became ready, which happens once: twice is once.
        const key = `${expiryJobKind}:${moved._id}:${moved.version}`;
        await tx.job({ kind: expiryJobKind, key, data: { orderId: moved._id }, dueAt: unclaimed.at });
      }
      if (refunds && left > 0) {
        // A merchant that was paid out may come back some day or never: the clock waits for nobody, and the customer neither.
        const lend = mover === 'clock' ? { lend: true as const } : {};
        await pay(tx, moved, { amount: left, reason: reason ?? `The order was ${status}`, ...lend }, order._id);
        if (moved.earns) await earn(tx, moved);
      }
      // What was cooked for nobody is gone.
      if (ends) await items.moveStock(tx, takenPieces(moved, 1));
      return moved;
    },

    async giveBack(tx, order, { byAdmin, ...refund }, ifMatch) {
      assertSeen(order, ifMatch);
      const left = order.price - refundedOf(order);
      if (refund.amount > left) throw new Problem('refund-exceeds-payment', `Of the price, ${left} is left to give back`);
      const changed = await change(tx, order, { refunded: order.price - left + refund.amount });
      const { _id: orderId, userId, vendorId } = changed;
      tx.emit(
        'order-updated',
        { orderId, vendorId, userId, reason: 'refund', order: presentOrder(changed) },
        { orderId, userId, merchantId: vendorId, ...(byAdmin ? { byAdmin } : {}) },
      );
      // The version makes each part another transfer, and the same part one.
      await pay(tx, changed, refund, `${orderId}:${changed.version}`);
      if (changed.earns) await earn(tx, changed);
      return changed;
    },
  };
}

/** The kitchen says again how long it takes. */
function isNewEstimate(mover: Mover, order: OrderDocument, { status, estimatedTime }: Step): boolean {
  const isSame = status === 'preparing' && order.status === 'preparing';
  return mover === 'member' && isSame && estimatedTime !== undefined && estimatedTime !== order.estimatedTime;
}

/** @throws Problem `version-mismatch` when the caller saw another version than the newest */
function assertSeen(order: OrderDocument, ifMatch: string | undefined): void {
  checkIfMatch(ifMatch, order.version, () => presentOrder(order));
}

function announceStep(tx: Tx, order: OrderDocument): void {
  const { _id: orderId, userId, vendorId, status, estimatedTime } = order;
  const itemName = itemNameOf(order);
  const to = { orderId, userId, merchantId: vendorId };
  tx.emit('order-status-changed', { orderId, status, estimatedTime, itemName, vendorId, userId, order: presentOrder(order) }, to);
  if (status === 'ready')
    tx.emit(
      'order-ready',
      { orderId, itemName, vendorId, message: `Your order of ${itemName} is ready: number ${order.pickupNumber}` },
      to,
    );
}

/** The pieces per item that the order took from the stock; `sign` -1 to take them, 1 to give them back. */
export function takenPieces({ items }: OrderDocument, sign: 1 | -1): Map<string, number> {
  const pieces = new Map<string, number>();
  for (const { itemId, quantity, stockTaken } of items) if (stockTaken) pieces.set(itemId, (pieces.get(itemId) ?? 0) + sign * quantity);
  return pieces;
}
