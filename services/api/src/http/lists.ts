import { Problem } from '@tidings/contracts';
import { z } from 'zod';

const idKey = z.tuple([z.string().regex(/^[A-Za-z0-9_-]{1,64}$/)]);

/** The sort key of the last item shown, as opaque text. */
export function encodeCursor(key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** @throws Problem bad-request for a cursor that this list did not give */
export function decodeCursor<Key extends z.ZodType>(cursor: string | undefined, schema: Key): z.output<Key> | undefined {
  if (cursor === undefined) return undefined;
  const parsed = schema.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString('utf8')));
  if (parsed.success) return parsed.data;
  throw new Problem('bad-request', 'Some fields are not valid', { errors: [{ path: 'cursor', message: 'is not a cursor of this list' }] });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no schema of a sort key takes it
  }
}

/** One page of what was found by asking for `limit + 1`: the extra one only tells that there is more. */
export function pageOf<T>(
  found: readonly T[],
  limit: number,
  keyOf: (item: T) => readonly (string | number)[],
): { page: T[]; nextCursor: string | null } {
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return { page, nextCursor: found.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null };
}

/** The filter for lists that show the newest first by `_id` (ids grow with time); sort by `{ _id: -1 }`, page with `pageById`. */
export function beforeId(cursor: string | undefined): { _id?: { $lt: string } } {
  const key = decodeCursor(cursor, idKey);
  return key ? { _id: { $lt: key[0] } } : {};
}

export function pageById<T extends { _id: string }>(found: readonly T[], limit: number): { page: T[]; nextCursor: string | null } {
  return pageOf(found, limit, ({ _id }) => [_id]);
}
