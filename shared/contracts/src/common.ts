import { z } from 'zod';

/** An opaque id. The pattern also keeps operators, paths and prototype keys out. */
export const idSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be an id');
/** RFC 3339 UTC. */
export const timeSchema = z.iso.datetime();
/** Money: integer minor units (paise, cents), within what a double holds exactly. */
export const amountSchema = z.int().min(1).max(100_000_000_000);
/** A balance or a price, which may be zero. */
export const balanceSchema = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
/** A signed change of a balance. */
export const deltaSchema = z.int();
/** ISO 4217. */
export const currencySchema = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code');
/** Grows with each change of a document; reducers keep the highest. */
export const versionSchema = z.int().min(1);
export const paymentMethodSchema = z.enum(['stripe', 'razorpay', 'zeffy', 'wallet', 'sandbox']);

export const listQuery = { limit: z.coerce.number().int().min(1).max(100).default(20), cursor: z.string().max(256).optional() };

export function listOf<Item extends z.ZodType>(item: Item): z.ZodObject<{ items: z.ZodArray<Item>; nextCursor: z.ZodNullable<z.ZodString> }> {
  return z.strictObject({ items: z.array(item), nextCursor: z.string().nullable() });
}
