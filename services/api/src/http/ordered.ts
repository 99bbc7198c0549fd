import type { Model } from 'mongoose';
import { z } from 'zod';
import { decodeCursor, pageOf, type Paged } from './lists.js';

/** The order of a list: a field, and `_id` among equals, both the same way. */
export interface Order {
  /** In the cursor: one of another order is none of this. */
  name: string;
  field: string;
  direction: 1 | -1;
}

/** Of logs. */
export const newestAt = { name: 'at', field: 'at', direction: -1 } as const satisfies Order;

/** Stands for a time that is not there; a list that falls has it last. */
const never = -1;

/**
 * One page in the order of an index that begins with the fields of `base`. What comes behind the cursor is asked for in parts, each one range of the
 * index: in one condition with `$or` the planner may walk from the beginning, and equal values may be many.
 * @throws Problem bad-request for a cursor that this list did not give
 */
export async function readOrdered<T extends { _id: string }>(
  model: Model<T>,
  base: Record<string, unknown>,
  order: Order,
  { limit, cursor, hint }: { limit: number; cursor?: string | undefined; hint: Record<string, 1 | -1> },
): Promise<Paged<T>> {
  const { name, field, direction } = order;
  const key = decodeCursor(cursor, z.tuple([z.literal(name), keySchemaOf(model, field), z.string().max(300)]));
  const found: T[] = [];
  for (const part of key ? partsBehind(model, order, key[1], key[2]) : [{}]) {
    const left = limit + 1 - found.length;
    if (left === 0) break;
    const more = await model
      .find({ ...base, ...part } as object)
      .sort({ [field]: direction, _id: direction })
      .hint(hint)
      .limit(left)
      .lean<T[]>();
    found.push(...more);
  }
  return pageOf(found, limit, (item) => [name, asKey(item[field as keyof T]), item._id]);
}

type Typed = { schema: { path(name: string): { instance: string } } };

/** What a cursor may hold in the place of the field: anything else cannot be compared with it. */
function keySchemaOf(model: Typed, field: string): z.ZodType<string | number> {
  const { instance } = model.schema.path(field);
  if (instance === 'Date') return z.int().min(never).max(8_640_000_000_000_000);
  return instance === 'Number' ? z.int() : z.string().max(300);
}

function partsBehind(model: Typed, order: Order, at: string | number, id: string): object[] {
  const { field, direction } = order;
  const behind = direction === 1 ? '$gt' : '$lt';
  const isTime = model.schema.path(field).instance === 'Date';
  if (isTime && at === never) return [{ [field]: null, _id: { [behind]: id } }];
  const value = isTime ? new Date(at) : at;
  const rest = [{ [field]: value, _id: { [behind]: id } }, { [field]: { [behind]: value } }];
  return isTime && direction === -1 ? [...rest, { [field]: null }] : rest;
}

function asKey(value: unknown): string | number {
  if (value instanceof Date) return value.getTime();
  if (value === null) return never;
  if (typeof value === 'string' || typeof value === 'number') return value;
  throw new Error('Lists are sorted by times, numbers and texts');
}
