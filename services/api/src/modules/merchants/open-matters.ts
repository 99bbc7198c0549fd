import { openOrderStatuses, openPaymentRequestStatuses, type FieldError } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';

/** What of a merchant is not finished, as fields of the refusal; empty when it may go. */
export type OpenMatters = (tx: Tx, merchantId: string) => Promise<FieldError[]>;

/** The merchant's accounts, in whatever currency: `{kind}:{owner}:{currency}`. */
const accountsOf = (kind: string, merchantId: string): object => ({ $gte: `${kind}:${merchantId}:`, $lt: `${kind}:${merchantId};` });

/**
 * Reads what the other domains keep, by their indexes; they stand on this one and cannot be asked. The points of customers who have left are no open
 * matter: nobody can spend them.
 */
export function createOpenMatters({ db }: Pick<Mongo, 'db'>): OpenMatters {
  return async ({ session }, merchantId) => {
    const has = async (collection: string, filter: object): Promise<boolean> =>
      (await db.collection(collection).findOne(filter, { session, projection: { _id: 1 } })) !== null;
    const account = {
      $or: ['merchant', 'payout', 'receivable'].map((kind) => ({ _id: accountsOf(kind, merchantId) })),
      balance: { $ne: 0 },
    };
    const questions: readonly [path: string, message: string, asked: () => Promise<boolean>][] = [
      ['orders', 'some are open', () => has('orders', { vendorId: merchantId, status: { $in: openOrderStatuses } })],
      ['payments', 'some are open', () => has('payment_requests', { vendorId: merchantId, status: { $in: openPaymentRequestStatuses } })],
      ['payouts', 'some are open', () => has('payouts', { merchantId, status: 'requested' })],
      ['balance', 'is not zero', () => has('accounts', account)],
      // Sales that no roll-up has put into the balance.
      ['balance', 'is not zero', () => has('postings', { pending: true, account: accountsOf('merchant', merchantId) })],
      ['points', 'customers have some', () => has('loyalty_customers', { merchantId, status: 'active', balance: { $gt: 0 } })],
      ['redemptions', 'some are open', () => has('redemptions', { merchantId, status: 'requested' })],
    ];
    const found: FieldError[] = [];
    for (const [path, message, asked] of questions) {
      if (!found.some((known) => known.path === path) && (await asked())) found.push({ path, message });
    }
    return found;
  };
}
