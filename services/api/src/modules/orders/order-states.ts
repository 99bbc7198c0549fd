import type { OrderStatus } from '@tidings/contracts';

/** Who moves an order: the customer who placed it, a member of the merchant, or the clock. */
export type Mover = 'customer' | 'member' | 'clock';

/** placed → preparing → ready → completed; the customer may withdraw until the kitchen has begun, the merchant until it is handed over. */
const steps: Readonly<Record<Mover, Partial<Record<OrderStatus, readonly OrderStatus[]>>>> = {
  customer: { placed: ['cancelled'] },
  member: {
    placed: ['preparing', 'rejected', 'cancelled'],
    preparing: ['ready', 'rejected', 'cancelled'],
    ready: ['completed', 'cancelled'],
  },
  clock: { ready: ['expired'] },
};

export function mayStep(mover: Mover, from: OrderStatus, to: OrderStatus): boolean {
  return steps[mover][from]?.includes(to) ?? false;
}

/** An order that ends this way is given back: its price to the customer, its pieces to the stock. */
export const isRefunded = (status: OrderStatus): boolean => status === 'cancelled' || status === 'rejected';
