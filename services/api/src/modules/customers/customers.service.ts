import { Problem, type Principal } from '@tidings/contracts';
import { auditRead, type Tx } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';
import { checkIfMatch } from '../../http/etag.js';
import { newestFirst, type Paged } from '../../http/lists.js';
import { newestAt, readOrdered, type Order } from '../../http/ordered.js';
import type { EnrollmentDocument, EnrollmentModels } from '../enrollments/index.js';
import {
  announceCustomer,
  customerId,
  presentCustomer,
  type CardDocument,
  type Cards,
  type CustomerBook,
  type CustomerDocument,
  type InteractionDocument,
  type Interactions,
  type LoyaltyModels,
} from '../loyalty/index.js';
import { assertMayChange, assertMayLook, assertMember, type Merchants } from '../merchants/index.js';
import { searchNames } from './name-search.js';

export const customerSorts = {
  enrolled: { name: 'enrolled', field: 'enrolledAt', direction: -1 },
  'last-visit': { name: 'last-visit', field: 'lastVisitAt', direction: -1 },
  lifetime: { name: 'lifetime', field: 'lifetime', direction: -1 },
  balance: { name: 'balance', field: 'balance', direction: -1 },
  name: { name: 'name', field: 'nameKey', direction: 1 },
} as const satisfies Record<string, Order>;

export interface CustomersChoice {
  search?: string | undefined;
  sort?: keyof typeof customerSorts | undefined;
  tag?: string | undefined;
}

export interface CustomersQuery extends CustomersChoice {
  limit: number;
  cursor?: string | undefined;
}

export interface CustomerView {
  /** null: not on the list, being asked or gone. */
  customer: CustomerDocument | null;
  enrollments: EnrollmentDocument[];
  cards: CardDocument[];
  /** The newest. */
  interactions: InteractionDocument[];
}

/** What a business sees of its customers: of who is not on its list what it was told of enrollments, and nothing else. All: @throws Problem `forbidden`, `not-found` */
export interface Customers {
  list(caller: Principal, merchantId: string, query: CustomersQuery): Promise<Paged<CustomerDocument>>;
  /**
   * Every line, a page at a time, for a file; the first one is there when this returns. A page is read when it is asked for and holds nothing open, so a
   * slow reader costs nothing and one that goes away ends it. What leaves the house is in the audit log, whoever takes it.
   */
  export(caller: Principal, merchantId: string, choice: CustomersChoice): Promise<AsyncIterable<readonly CustomerDocument[]>>;
  get(caller: Principal, merchantId: string, userId: string): Promise<CustomerView>;
  /** @throws Problem `version-mismatch` */
  tag(tx: Tx, caller: Principal, merchantId: string, userId: string, tags: readonly string[], ifMatch?: string): Promise<CustomerDocument>;
  interactions(
    caller: Principal,
    merchantId: string,
    userId: string,
    query: { limit: number; cursor?: string | undefined },
  ): Promise<Paged<InteractionDocument>>;
}

/** As many as a merchant has programs, and more than anybody asks for. */
const mostOfOne = 100;
const newestOfOne = 20;
/** Lines that an export holds at once. */
const exportPage = 500;

export function createCustomers(parts: {
  mongo: Mongo;
  models: LoyaltyModels;
  enrollments: EnrollmentModels['enrollments'];
  book: CustomerBook;
  cards: Cards;
  interactions: Interactions;
  merchants: Merchants;
}): Customers {
  const { mongo, models, enrollments, book, cards, interactions, merchants } = parts;

  const look = async (caller: Principal, merchantId: string, what: string): Promise<void> => {
    await merchants.get(merchantId);
    await assertMayLook(mongo, caller, merchantId, what);
  };

  const missing = (): Problem => new Problem('not-found', 'There is no such customer');

  const lineOf = async (merchantId: string, userId: string, tx?: Tx): Promise<CustomerDocument | null> => {
    const found = await models.customers
      .findById(customerId(merchantId, userId), null, { session: tx?.session ?? null })
      .lean<CustomerDocument>();
    return found?.status === 'active' ? found : null;
  };

  const listed = async (merchantId: string, userId: string, tx?: Tx): Promise<CustomerDocument> => {
    const found = await lineOf(merchantId, userId, tx);
    if (!found) throw missing();
    return found;
  };

  const happened = (merchantId: string, userId: string, query: { limit: number; cursor?: string | undefined }) =>
    readOrdered(models.interactions, { merchantId, userId, quiet: { $ne: true } }, newestAt, {
      ...query,
      hint: { merchantId: 1, userId: 1, at: -1, _id: -1 },
    });

  const read = async (merchantId: string, { search, sort = 'enrolled', tag, cursor, limit }: CustomersQuery) => {
    if (search !== undefined) return searchNames(models, merchantId, { search, tag, cursor, limit });
    const order = customerSorts[sort];
    const tagged = tag === undefined ? {} : { tags: tag };
    return readOrdered(models.customers, { merchantId, status: 'active', ...tagged }, order, {
      limit,
      cursor,
      hint: { merchantId: 1, ...(tag === undefined ? {} : { tags: 1 }), [order.field]: order.direction, _id: order.direction },
    });
  };

  return {
    async list(caller, merchantId, query) {
      await look(caller, merchantId, 'customers');
      return read(merchantId, query);
    },

    async export(caller, merchantId, choice) {
      await merchants.get(merchantId);
      assertMember(caller, merchantId);
      const { search = null, sort = null, tag = null } = choice;
      const details = { what: 'customers', search, sort, tag };
      await auditRead(mongo, caller, { action: 'merchant.export', target: `merchant:${merchantId}`, details });
      const first = await read(merchantId, { ...choice, limit: exportPage });
      return pagesFrom(first, (cursor) => read(merchantId, { ...choice, cursor, limit: exportPage }));
    },

    async get(caller, merchantId, userId) {
      await look(caller, merchantId, `customer ${userId}`);
      const [customer, told] = await Promise.all([
        lineOf(merchantId, userId),
        enrollments.find({ userId, merchantId }).sort(newestFirst).limit(mostOfOne).lean<EnrollmentDocument[]>(),
      ]);
      if (!customer) {
        if (told.length === 0) throw missing();
        return { customer, enrollments: told, cards: [], interactions: [] };
      }
      const [held, { page: newest }] = await Promise.all([
        cards.at(userId, merchantId),
        happened(merchantId, userId, { limit: newestOfOne }),
      ]);
      return { customer, enrollments: told, cards: held.filter(({ status }) => status === 'active'), interactions: newest };
    },

    async tag(tx, caller, merchantId, userId, tags, ifMatch) {
      await merchants.get(merchantId, tx);
      await assertMayChange(tx, caller, merchantId, { action: 'customer.tag', details: { userId, tags: [...tags] } });
      const line = await listed(merchantId, userId, tx);
      const current = () => presentCustomer(line);
      checkIfMatch(ifMatch, line.version, current);
      const tagged = await book.tag(tx, line, tags);
      if (!tagged) throw new Problem('version-mismatch', undefined, { current: current() });
      await interactions.note(tx, { merchantId, userId, kind: 'tags-changed' });
      announceCustomer(tx, tagged);
      tx.auditChange({ before: current(), after: presentCustomer(tagged) });
      return tagged;
    },

    async interactions(caller, merchantId, userId, query) {
      await look(caller, merchantId, `interactions of ${userId}`);
      await listed(merchantId, userId);
      return happened(merchantId, userId, query);
    },
  };
}

async function* pagesFrom<T>(first: Paged<T>, next: (cursor: string) => Promise<Paged<T>>): AsyncGenerator<readonly T[]> {
  for (let at = first; ; at = await next(at.nextCursor)) {
    yield at.page;
    if (at.nextCursor === null) return;
  }
}
