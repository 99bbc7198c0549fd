/** What is sent in every row, to us and to the peer: an event of the contract, about 700 bytes with its `meta`. */
export const eventType = 'order-status-changed';

const id = (n: number): string => n.toString(16).padStart(24, '0');

export function payload(index: number): Record<string, unknown> {
  const [orderId, userId, vendorId] = [id(index), id(index + 1), id(index + 2)];
  const time = '2026-01-01T10:00:00.000Z';
  return {
    orderId,
    status: 'preparing',
    estimatedTime: 12,
    itemName: 'Masala chai',
    vendorId,
    userId,
    order: {
      id: orderId,
      vendorId,
      userId,
      items: [{ itemId: id(index + 3), name: 'Masala chai', quantity: 2, price: 4_000 }],
      note: 'Less sugar, please',
      price: 8_000,
      currency: 'INR',
      status: 'preparing',
      estimatedTime: 12,
      createdAt: time,
      updatedAt: time,
      version: 2,
    },
  };
}

/** As the relay's: an event's id and its place in a feed. The peer's emitter makes it, so that both send the same bytes. */
export interface Meta {
  id: string;
  feed: string;
  seq: number;
  at: string;
}
