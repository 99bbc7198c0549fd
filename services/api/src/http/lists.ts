import { badField } from '@tidings/contracts';
import { z } from 'zod';

/** Names of transfers, jobs and deliveries hold more than ids do. */
const name = z.string().min(1).max(300);
const latestTime = 8_640_000_000_000_000;
/** Of a list that is sorted by a time and then the name. */
export const timeKey = z.tuple([z.int().min(0).max(latestTime), name]);

/** The times by which lists are sorted. */
type TimeField = 'createdAt' | 'at' | 'startsAt' | 'receivedAt';

/** For `sort`: the order in which clients keep lists, too (the contracts' reducers), so that a live list and a fetched one are the same. */
export const newestFirst = { createdAt: -1, _id: -1 } as const;

export const oldestFirst = { createdAt: 1, _id: 1 } as const;

/** The sort key of the last item shown, as opaque text. */
export function encodeCursor(key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** @throws Problem bad-request for a cursor that this list did not give */
export function decodeCursor<Key extends z.ZodType>(cursor: string | undefined, schema: Key): z.output<Key> | undefined {
  if (cursor === undefined) return undefined;
  const parsed = schema.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString('utf8')));
  if (parsed.success) return parsed.data;
  throw badField('cursor', 'is not a cursor of this list');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no schema of a sort key takes it
  }
}

/** One page of a list, and where the next one begins; null on the last. */
export interface Paged<T> {
  page: T[];
  nextCursor: string | null;
}

/** A page as it is answered. */
export const presentPage = <From, To>({ page, nextCursor }: Paged<From>, present: (item: From) => To) => ({
  items: page.map((item) => present(item)),
  nextCursor,
});

/** One page of what was found by asking for `limit + 1`: the extra one only tells that there is more. */
export function pageOf<T>(found: readonly T[], limit: number, keyOf: (item: T) => readonly (string | number)[]): Paged<T> {
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return { page, nextCursor: found.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null };
}

/** The filter for what comes after the cursor in a list that is sorted by `newestFirst` (or by another time); page with `pageByTime`. */
export function olderThan(cursor: string | undefined, field: TimeField = 'createdAt'): Record<string, unknown> {
  const key = decodeCursor(cursor, timeKey);
  if (!key) return {};
  const time = new Date(key[0]);
  // The range by itself: from the alternatives alone the planner may not see where it begins, and walks there from the newest.
  return { $and: [{ [field]: { $lte: time } }, { $or: [{ [field]: { $lt: time } }, { [field]: time, _id: { $lt: key[1] } }] }] };
}

/** As `olderThan` for a list that is sorted by `oldestFirst`. */
export function newerThan(cursor: string | undefined): Record<string, unknown> {
  const key = decodeCursor(cursor, timeKey);
  if (!key) return {};
  const createdAt = new Date(key[0]);
  return { $and: [{ createdAt: { $gte: createdAt } }, { $or: [{ createdAt: { $gt: createdAt } }, { createdAt, _id: { $gt: key[1] } }] }] };
}

export function pageByTime<T extends { _id: string } & Record<Field, Date>, Field extends TimeField = 'createdAt'>(
  found: readonly T[],
  limit: number,
  field = 'createdAt' as Field,
): Paged<T> {
  return pageOf(found, limit, (item) => [item[field].getTime(), item._id]);
}
