import type { Tx } from '@tidings/feed';
import type { CardDocument, CustomerDocument, LoyaltyModels } from './loyalty.model.js';
import { presentCustomer } from './loyalty.presenter.js';

export const customerId = (merchantId: string, userId: string): string => `${merchantId}:${userId}`;

export interface CustomerBook {
  /**
   * Carries a card's change over to the line of its customer, which the first card makes, and tells the business.
   * @param before null for a card that is new
   */
  follow(tx: Tx, before: CardDocument | null, after: CardDocument): Promise<CustomerDocument>;
}

export function createCustomerBook({ customers }: Pick<LoyaltyModels, 'customers'>): CustomerBook {
  return {
    async follow(tx, before, after) {
      const { merchantId, userId, programId, customerName: name } = after;
      const isActive = after.status === 'active';
      const programIds = { $setDifference: [{ $ifNull: ['$programIds', []] }, [programId]] };
      const add = (field: 'balance' | 'lifetime' | 'visits') => ({
        $add: [{ $ifNull: [`$${field}`, 0] }, shownOf(after, field) - (before ? shownOf(before, field) : 0)],
      });
      const customer = await customers
        .findOneAndUpdate(
          { _id: customerId(merchantId, userId) },
          [
            {
              $set: {
                merchantId,
                userId,
                name,
                nameKey: name.toLowerCase(),
                balance: add('balance'),
                lifetime: add('lifetime'),
                visits: add('visits'),
                lastVisitAt: { $max: [{ $ifNull: ['$lastVisitAt', null] }, after.lastVisitAt] },
                // In one order, whatever came first: `$setUnion` promises none.
                programIds: isActive ? { $sortArray: { input: { $concatArrays: [programIds, [programId]] }, sortBy: 1 } } : programIds,
                tags: { $ifNull: ['$tags', []] },
                enrolledAt: { $ifNull: ['$enrolledAt', tx.now] },
                version: { $add: [{ $ifNull: ['$version', 0] }, 1] },
              },
            },
            { $set: { status: { $cond: [{ $eq: ['$programIds', []] }, 'left', 'active'] } } },
          ],
          { session: tx.session, upsert: true, updatePipeline: true, returnDocument: 'after' },
        )
        .lean<CustomerDocument>();
      if (!customer) throw new Error(`The line of ${userId} at ${merchantId} was neither found nor made`);
      return customer;
    },
  };
}

/** What the points of a closed card come to is the customer's alone. */
function shownOf(card: CardDocument, field: 'balance' | 'lifetime' | 'visits'): number {
  return field === 'balance' && card.status === 'closed' ? 0 : card[field];
}

/** Tells the business; once in a transaction, when all is done to the line. */
export function announceCustomer(tx: Tx, customer: CustomerDocument): void {
  const { userId, merchantId, version } = customer;
  tx.emit('loyalty-customer-updated', { userId, businessId: merchantId, customer: presentCustomer(customer), version }, { merchantId });
}
