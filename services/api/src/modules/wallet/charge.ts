/** What a payment from the wallet is for. */
export type ChargeSubject = { orderId: string } | { paymentRequestId: string };

interface ChargeFacts {
  userId: string;
  merchantId: string;
  /** Minor units. */
  amount: number;
  currency: string;
}

/** What is paid by whom, and who gets it. */
export type Charge = ChargeSubject & ChargeFacts;

/** As events and postings name it. */
export const subjectOf = (charge: ChargeSubject): ChargeSubject =>
  'orderId' in charge ? { orderId: charge.orderId } : { paymentRequestId: charge.paymentRequestId };

/** For people, and for the ledger: one charge for each order and each payment request, for ever. */
export const nameOf = (charge: ChargeSubject): { key: string; description: string } =>
  'orderId' in charge
    ? { key: `order:${charge.orderId}`, description: 'Order' }
    : { key: `payment-request:${charge.paymentRequestId}`, description: 'Payment at the counter' };

/** `key`: of a refund that gives back all at once; parts have names of their own. */
export const refundOf = (charge: ChargeSubject) =>
  'orderId' in charge
    ? ({ key: charge.orderId, description: 'Order refunded', reason: 'order-refund' } as const)
    : ({ key: nameOf(charge).key, description: 'Payment refunded', reason: 'payment-request-refund' } as const);
