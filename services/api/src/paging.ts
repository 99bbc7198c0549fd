import { Problem } from '@tidings/contracts';

/** How much of a list, and from where. */
export interface PageQuery {
  limit: number;
  cursor?: string | undefined;
}

export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

/**
 * The filter for what comes after a cursor in a list that is sorted by `{ [field]: -1, _id: -1 }`: a place, not a count, so that what
 * is added meanwhile neither repeats nor hides anything.
 * @throws Problem `bad-request` for a cursor that is not one of ours
 */
export function after(field: string, cursor: string | undefined): Record<string, unknown> {
  if (cursor === undefined) return {};
  const [time, id] = Buffer.from(cursor, 'base64url').toString('utf8').split('.');
  const at = new Date(Number(time));
  if (!time || !id || Number.isNaN(at.getTime())) {
    throw new Problem('bad-request', 'The cursor is not one of this list', { errors: [{ path: 'cursor', message: 'is not valid' }] });
  }
  return { $or: [{ [field]: { $lt: at } }, { [field]: at, _id: { $lt: id } }] };
}

/** @param found one more than `limit` where there is more */
export function page<Field extends string, Item extends { _id: string } & Record<Field, Date>>(found: readonly Item[], limit: number, field: Field): Page<Item> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const more = found.length > limit && last !== undefined;
  return { items, nextCursor: more ? Buffer.from(`${last[field].getTime()}.${last._id}`).toString('base64url') : null };
}
