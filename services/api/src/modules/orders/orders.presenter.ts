import type { Order } from '@tidings/contracts';
import { isRefunded } from './order-states.js';
import type { OrderDocument, OrderLine } from './orders.model.js';

export function presentOrder(order: OrderDocument): Order {
  const { _id, userId, customerName, vendorId, status, items, price, currency, estimatedTime, pickupNumber } = order;
  const { unclaimed, note, reason, version } = order;
  return {
    id: _id,
    userId,
    customerName,
    vendorId,
    status,
    items: items.map(presentLine),
    price,
    refunded: refundedOf(order),
    currency,
    estimatedTime: estimatedTime ?? null,
    pickupNumber,
    ...(unclaimed === undefined ? {} : { claimBy: unclaimed.at.toISOString() }),
    ...(note === undefined ? {} : { note }),
    ...(reason === undefined ? {} : { reason }),
    version,
    createdAt: order.createdAt.toISOString(),
    updatedAt: order.updatedAt.toISOString(),
  };
}

function presentLine(stored: OrderLine): Order['items'][number] {
  const { stockTaken: _, ...line } = stored;
  return line;
}

/** Minor units. Before there were partial refunds, what was cancelled or rejected was given back whole. */
export const refundedOf = ({ refunded, status, price }: OrderDocument): number => refunded ?? (isRefunded(status) ? price : 0);

/** Orders are called by their first item; there is always one. */
export const itemNameOf = ({ items }: Pick<OrderDocument, 'items'>): string => items[0]?.name ?? '';
