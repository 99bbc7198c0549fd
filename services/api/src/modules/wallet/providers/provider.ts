import type { Tx } from '@tidings/feed';
import type { TopUpDocument } from '../wallet.model.js';

export type NewTopUp = Pick<TopUpDocument, '_id' | 'userId' | 'amount' | 'currency' | 'provider'>;

/** What the provider wants remembered of a payment. */
export type OpenedPayment = Pick<TopUpDocument, 'providerRef' | 'clientSecret' | 'checkoutUrl' | 'razorpay'>;

/** A payment or refund as the provider lists it, for the reconciliation with our ledger. */
export interface ListedPayment {
  /** The provider's own id. */
  providerRef: string;
  topUpId?: string | undefined;
  amount: number;
  /** What was given back of it in all. */
  refunded: number;
  currency: string;
  at: Date;
}

export interface ProviderRefund {
  /** Ours; the provider does one refund for it, however often it is asked. */
  refundId: string;
  topUp: Pick<TopUpDocument, '_id' | 'providerRef' | 'currency' | 'amount'>;
  /** Minor units. */
  amount: number;
}

/** The provider says that it will not give the money back, however often it is asked. The message is for administrators. */
export class RefundRefused extends Error {}

/** Where a top-up's money comes from. Whether it came is told by the provider's signed webhook alone. */
export interface PaymentProvider {
  /**
   * Makes the payment known to the provider. It is called before the top-up is stored, outside of any transaction (which must not wait for
   * a stranger, and may run twice), and answers the same for the same id. When we die before the top-up is stored, what is left at the
   * provider is a payment that nobody can confirm, since nobody was given its secret.
   * @throws Problem `provider-error`, `provider-unavailable`
   */
  open(topUp: NewTopUp): Promise<OpenedPayment>;
  /** In the transaction that stores the top-up. */
  stored?(tx: Tx, topUp: TopUpDocument): Promise<void>;
  /**
   * Asks the provider to give money back. Its webhook tells of it too, so both must come to the same.
   * Absent where the provider has no such interface (Zeffy: an administrator does it on its pages, and the webhook tells).
   * @throws RefundRefused; Problem `provider-error` when it may be asked again
   */
  refund?(refund: ProviderRefund): Promise<void>;
  /** Succeeded payments in `[from, to)`, page by page inside. @throws Problem `provider-error` */
  list?(range: { from: Date; to: Date }): AsyncIterable<ListedPayment>;
}
