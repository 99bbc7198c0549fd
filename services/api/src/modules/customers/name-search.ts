import { z } from 'zod';
import { decodeCursor, encodeCursor, type Paged } from '../../http/lists.js';
import { nameKeyOf } from '../../names.js';
import { namesOf, type CustomerDocument, type LoyaltyModels } from '../loyalty/index.js';

const cursorKey = z.tuple([z.literal('search'), z.string().max(300), z.string().max(300)]);
/** Sorts behind every text that begins with what stands before it: MongoDB compares bytes. */
const last = '\u{10FFFF}';

interface NameHit {
  _id: string;
  customerId: string;
  from: string;
}

/**
 * The customers whose name begins so from any of its words on, in the order of what matched. Who matches by two words comes once, with the first.
 * @throws Problem bad-request for a cursor that is none of a search
 */
export async function searchNames(
  { customers, customerNames }: Pick<LoyaltyModels, 'customers' | 'customerNames'>,
  merchantId: string,
  { search, tag, cursor, limit }: { search: string; tag?: string | undefined; cursor?: string | undefined; limit: number },
): Promise<Paged<CustomerDocument>> {
  const prefix = nameKeyOf(search);
  const key = decodeCursor(cursor, cursorKey);
  const tags = tag === undefined ? {} : { tags: tag };
  const read = async (range: object, count: number): Promise<NameHit[]> =>
    customerNames
      .find({ merchantId, ...tags, ...range }, { customerId: 1, from: 1 })
      .sort({ from: 1, _id: 1 })
      .hint({ merchantId: 1, ...(tag === undefined ? {} : { tags: 1 as const }), from: 1, _id: 1 })
      .limit(count)
      .lean<NameHit[]>();

  /** What comes next behind a hit; at first, the whole. */
  const next = async (at: NameHit | undefined, count: number): Promise<NameHit[]> => {
    if (!at) return read({ from: { $gte: prefix, $lt: prefix + last } }, count);
    const equals = await read({ from: at.from, _id: { $gt: at._id } }, count);
    if (equals.length === count) return equals;
    return [...equals, ...(await read({ from: { $gt: at.from, $gte: prefix, $lt: prefix + last } }, count - equals.length))];
  };

  const page: CustomerDocument[] = [];
  let at: NameHit | undefined = key && { from: key[1], _id: key[2], customerId: '' };
  let shown: NameHit | undefined;
  for (;;) {
    const wanted = limit + 1 - page.length;
    const hits = await next(at, wanted);
    at = hits.at(-1);
    const lines = await customers.find({ _id: { $in: hits.map(({ customerId }) => customerId) } }).lean<CustomerDocument[]>();
    const byId = new Map(lines.map((line) => [line._id, line]));
    for (const hit of hits) {
      const line = byId.get(hit.customerId);
      // A line may have changed since its name was read.
      if (line?.status !== 'active' || !isFirst(hit, line, prefix)) continue;
      if (page.length === limit) return { page, nextCursor: shown ? encodeCursor(['search', shown.from, shown._id]) : null };
      page.push(line);
      shown = hit;
    }
    if (hits.length < wanted) return { page, nextCursor: null };
  }
}

/** Whether no other word of the name is a hit before this one. */
function isFirst({ _id, from }: NameHit, line: CustomerDocument, prefix: string): boolean {
  const others = namesOf(line).filter((name) => name.from.startsWith(prefix));
  return !others.some((other) => compare(other.from, from) < 0 || (other.from === from && other._id < _id));
}

/** As MongoDB does. */
const compare = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
