import type { MerchantInput, MerchantPatch, SubscriptionUpdate } from '@tidings/contracts';

/** What another system says of a merchant that it keeps, too. */
export type MerchantNews = {
  /** The other system's id of the merchant, or ours. */
  merchant: string;
  /** When it was so, by the other system's clock: what is older does not undo what is newer. */
  at: Date;
} & (
  | { about: 'created'; fields: MerchantInput }
  | { about: 'updated'; fields: MerchantPatch | null }
  | { about: 'subscription'; fields: SubscriptionUpdate }
  | { about: 'logo'; url: string }
);

/** As a provider's message; see `Outcome` of the wallet. */
export type NewsOutcome = { state: 'processed' } | { state: 'ignored' | 'held' | 'early'; reason: string };
