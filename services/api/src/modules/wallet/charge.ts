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
/** What an order costs whom, and who gets it. */
export type OrderCharge = { orderId: string } & ChargeFacts;

/** As events and postings name it. */
export const subjectOf = (charge: ChargeSubject): ChargeSubject =>
  'orderId' in charge ? { orderId: charge.orderId } : { paymentRequestId: charge.paymentRequestId };

/** For people, and for the ledger: one charge for each order and each payment request, for ever. */
export const nameOf = (charge: ChargeSubject): { key: string; description: string } =>
  'orderId' in charge
    ? { key: `order:${charge.orderId}`, description: 'Order' }
    : { key: `payment-request:${charge.paymentRequestId}`, description: 'Payment at the counter' };
