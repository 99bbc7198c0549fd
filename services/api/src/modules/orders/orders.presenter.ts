import type { Order } from '@tidings/contracts';
import type { OrderDocument, OrderLine } from './orders.model.js';

export function presentOrder(order: OrderDocument): Order {
  const { _id, userId, customerName, vendorId, status, items, price, currency, estimatedTime, pickupNumber, note, reason, version } = order;
  return {
    id: _id,
    userId,
    customerName,
    vendorId,
    status,
    items: items.map(presentLine),
    price,
    currency,
    estimatedTime: estimatedTime ?? null,
    pickupNumber,
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

/** Orders are called by their first item; there is always one. */
export const itemNameOf = ({ items }: Pick<OrderDocument, 'items'>): string => items[0]?.name ?? '';
