import type { Tx } from '@tidings/feed';
import { newId } from '@tidings/platform';
import { nameKeyOf } from '../../names.js';
import type { CustomerDocument, CustomerNameDocument } from './book.model.js';
import type { CardDocument, LoyaltyModels } from './loyalty.model.js';
import { presentCustomer } from './loyalty.presenter.js';

export const customerId = (merchantId: string, userId: string): string => `${merchantId}:${userId}`;

export interface CustomerBook {
  /**
   * Carries a card's change over to the line of its customer, which the first card makes, and tells the business.
   * @param before null for a card that is new
   */
  follow(tx: Tx, before: CardDocument | null, after: CardDocument): Promise<CustomerDocument>;
  /** Null when the line is not of that version any more, or its customer has left. The caller tells the business. */
  tag(tx: Tx, line: CustomerDocument, tags: readonly string[]): Promise<CustomerDocument | null>;
}

/** Searched from each of its first words on. */
const mostWords = 10;

export function createCustomerBook(models: Pick<LoyaltyModels, 'customers' | 'customerNames' | 'headcounts'>): CustomerBook {
  const { customers, customerNames, headcounts } = models;
  const nameIds = (id: string): string[] => Array.from({ length: mostWords }, (_, word) => `${id}:${word}`);

  /** Keeps what is searched and counted in step with the line; most changes are of neither. */
  const list = async ({ session }: Tx, line: CustomerDocument): Promise<void> => {
    const { _id, merchantId, nameKey, status, listedAs: was } = line;
    const is = status === 'active' ? nameKey : null;
    if (is === was) return;
    await customers.updateOne({ _id }, { $set: { listedAs: is } }, { session });
    if (was !== null) await customerNames.deleteMany({ _id: { $in: nameIds(_id) } }, { session });
    if (is !== null) await customerNames.insertMany(namesOf(line), { session });
    const change = is === null ? -1 : 1;
    if (is === null || was === null) await headcounts.insertMany([{ _id: newId(), merchantId, change }], { session });
  };

  return {
    async tag(tx, { _id, version }, given) {
      const { session } = tx;
      const tags = [...given];
      const tagged = await customers
        .findOneAndUpdate(
          { _id, version, status: 'active' },
          { $set: { tags }, $inc: { version: 1 } },
          { session, returnDocument: 'after' },
        )
        .lean<CustomerDocument>();
      if (tagged) await customerNames.updateMany({ _id: { $in: nameIds(_id) } }, { $set: { tags } }, { session });
      return tagged;
    },

    async follow(tx, before, after) {
      const { merchantId, userId, programId, customerName: name } = after;
      const isActive = after.status === 'active';
      const programIds = { $setDifference: [{ $ifNull: ['$programIds', []] }, [programId]] };
      // Other changes carry the name of the day on which that card was opened, which may be an older one than the line's.
      const isOpened = isActive && before?.status !== 'active';
      // Whoever is called `$balance` has chosen a name, not a field.
      const called = isOpened ? { name: { $literal: name }, nameKey: { $literal: name.toLowerCase() } } : {};
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
                ...called,
                balance: add('balance'),
                lifetime: add('lifetime'),
                visits: add('visits'),
                lastVisitAt: { $max: [{ $ifNull: ['$lastVisitAt', null] }, after.lastVisitAt] },
                // In one order, whatever came first: `$setUnion` promises none.
                programIds: isActive ? { $sortArray: { input: { $concatArrays: [programIds, [programId]] }, sortBy: 1 } } : programIds,
                tags: { $ifNull: ['$tags', []] },
                listedAs: { $ifNull: ['$listedAs', null] },
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
      await list(tx, customer);
      return customer;
    },
  };
}

/** What the points of a closed card come to is the customer's alone. */
function shownOf(card: CardDocument, field: 'balance' | 'lifetime' | 'visits'): number {
  if (card.status === 'active' || field === 'visits') return card[field];
  return field === 'balance' ? 0 : (card.toldLifetime ?? card.lifetime);
}

/** One for each of its first words. */
export function namesOf({ _id: customerId, merchantId, name, tags }: CustomerDocument): CustomerNameDocument[] {
  const words = nameKeyOf(name).split(' ');
  return words.slice(0, mostWords).map((_, word) => ({
    _id: `${customerId}:${word}`,
    merchantId,
    customerId,
    from: words.slice(word).join(' '),
    tags,
  }));
}

/** Tells the business; once in a transaction, when all is done to the line. */
export function announceCustomer(tx: Tx, customer: CustomerDocument): void {
  const { userId, merchantId, version } = customer;
  tx.emit('loyalty-customer-updated', { userId, businessId: merchantId, customer: presentCustomer(customer), version }, { merchantId });
}
