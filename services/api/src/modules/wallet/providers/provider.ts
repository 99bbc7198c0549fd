import type { Tx } from '@tidings/feed';
import type { TopUpDocument } from '../wallet.model.js';

export type NewTopUp = Pick<TopUpDocument, '_id' | 'userId' | 'amount' | 'currency' | 'provider'>;

/** What the provider wants remembered of a payment. */
export type OpenedPayment = Pick<TopUpDocument, 'providerRef' | 'clientSecret'>;

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
}
