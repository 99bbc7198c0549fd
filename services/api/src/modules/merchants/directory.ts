import type { MerchantsQuery } from '@tidings/contracts';
import { isDuplicateKey } from '@tidings/platform';
import type { Paged } from '../../http/lists.js';
import { readOrdered, type Order } from '../../http/ordered.js';
import { nameKeyOf } from '../../names.js';
import type { MerchantDocument, MerchantModels } from './merchants.model.js';

const newest: Order = { name: 'newest', field: 'createdAt', direction: -1 };
const byName: Order = { name: 'name', field: 'nameKey', direction: 1 };

/** Characters of a beginning; what is typed beyond them is compared with what was found. */
const longestPrefix = 24;

/**
 * Every beginning of the name from each of its words on. One of them is looked up as it is, so that a page of what begins with `c` costs what any
 * other page does; a range of the index would have to be sorted.
 */
export function prefixesOf(name: string): string[] {
  const words = nameKeyOf(name).split(' ');
  const starts = words.map((_, at) => words.slice(at).join(' '));
  const beginnings = starts.flatMap((start) => {
    const characters = Array.from(start).slice(0, longestPrefix);
    return characters.map((_, at) => characters.slice(0, at + 1).join(''));
  });
  return [...new Set(beginnings)];
}

/** The merchants as they are listed. */
export interface MerchantDirectory {
  /** @throws Problem `bad-request` for a cursor that this list did not give */
  list(query: MerchantsQuery): Promise<Paged<MerchantDocument>>;
  /** Gives what merchants are found by to those from before there was such a thing. */
  prepare(): Promise<void>;
}

export function createDirectory({ merchants }: Pick<MerchantModels, 'merchants'>): MerchantDirectory {
  return {
    async list({ limit, cursor, q, category, isActive, sort = 'newest', ids }) {
      const wanted = q === undefined ? '' : nameKeyOf(q);
      const filter = {
        ...(wanted === '' ? { deletedAt: null } : beginningWith(wanted)),
        ...(category === undefined ? {} : { category }),
        ...(isActive === undefined ? {} : { isActive }),
        // At most a hundred, read by their ids; what comes behind a cursor is a condition of its own.
        ...(ids === undefined ? {} : { $and: [{ _id: { $in: ids } }] }),
      };
      const order = wanted !== '' || sort === 'name' ? byName : newest;
      return readOrdered(merchants, filter, order, {
        limit,
        cursor,
        hint: ids ? { _id: 1 } : hintFor({ wanted, order, category, isActive }),
      });
    },

    async prepare() {
      const unprepared = merchants.find({ deletedAt: null, nameKey: null }, { name: 1, email: 1 }).lean<MerchantDocument[]>().cursor();
      for await (const { _id, name, email } of unprepared as AsyncIterable<MerchantDocument>) {
        const found = { nameKey: nameKeyOf(name), prefixes: prefixesOf(name) };
        await merchants.updateOne({ _id, name }, { $set: found });
        // Addresses were not unique once: of two merchants with the same, one has it.
        await merchants.updateOne({ _id, email }, { $set: { emailKey: email.toLowerCase() } }).catch(ignoreTaken);
      }
    },
  };
}

function beginningWith(wanted: string): object {
  const prefix = Array.from(wanted).slice(0, longestPrefix).join('');
  if (prefix === wanted) return { prefixes: wanted };
  const at = { $indexOfCP: [{ $concat: [' ', '$nameKey'] }, { $literal: ` ${wanted}` }] };
  return { prefixes: prefix, $expr: { $gte: [at, 0] } };
}

function hintFor(query: {
  wanted: string;
  order: Order;
  category: string | undefined;
  isActive: boolean | undefined;
}): Record<string, 1 | -1> {
  if (query.wanted !== '') return { prefixes: 1, nameKey: 1, _id: 1, category: 1, isActive: 1 };
  if (query.order === byName) return { deletedAt: 1, nameKey: 1, _id: 1, category: 1, isActive: 1 };
  if (query.category !== undefined) return { deletedAt: 1, category: 1, createdAt: -1, _id: -1, isActive: 1 };
  return { deletedAt: 1, ...(query.isActive === undefined ? {} : { isActive: 1 as const }), createdAt: -1, _id: -1 };
}

function ignoreTaken(error: unknown): void {
  if (!isDuplicateKey(error, 'merchants')) throw error;
}
