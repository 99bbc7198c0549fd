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

/** Written by people: trimmed, not empty, at most `max` characters, none of them a control character beside tabs and line breaks. */
export const text = (max: number): z.ZodString =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    // oxlint-disable-next-line no-control-regex -- they are what is refused
    .regex(/^[^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]*$/, 'must not hold control characters');
/** As compared and stored: in lower case. */
export const emailSchema = z.email().max(254).toLowerCase();
/** A stable word for a program, e.g. `top-up`. */
export const wordSchema = z
  .string()
  .regex(/^[a-z0-9]+(?:[-_.][a-z0-9]+)*$/, 'must be a lower-case word')
  .max(64);
export const deviceIdSchema = z.string().regex(/^[A-Za-z0-9_.:-]{1,128}$/, 'must be a device id');
/** Names the attempt: the same key and body get the first answer again. What an HTTP header can carry. */
export const idempotencyKeySchema = z.string().regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 printable characters without spaces');
/** A flag in a query string. */
export const flagSchema = z.enum(['true', 'false']).transform((value) => value === 'true');
/** IANA name; checked against what the platform knows. */
export const timeZoneSchema = z.string().max(64).refine(isTimeZone, 'must be an IANA time zone');

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

export const idParams = z.strictObject({ id: idSchema });
export const listQuery = { limit: z.coerce.number().int().min(1).max(100).default(20), cursor: z.string().max(1024).optional() };

const rank = (value: unknown): number => (typeof value === 'number' ? value : Date.parse(String(value)));

/**
 * The schema, with pairs of its fields of which the first must not be past the second: numbers, times or dates. What is the wrong way round is no
 * empty answer but a mistake, and the refusal names the second field.
 */
export function inOrder<Schema extends z.ZodObject>(
  schema: Schema,
  ...pairs: readonly (readonly [keyof z.output<Schema> & string, keyof z.output<Schema> & string])[]
): Schema {
  return schema.superRefine((value, context) => {
    for (const [first, second] of pairs) {
      const [low, high] = [value[first], value[second]];
      if (low === undefined || high === undefined || rank(low) <= rank(high)) continue;
      context.addIssue({ code: 'custom', path: [second], message: `must not be before ${first}` });
    }
  });
}

export function listOf<Item extends z.ZodType>(
  item: Item,
): z.ZodObject<{ items: z.ZodArray<Item>; nextCursor: z.ZodNullable<z.ZodString> }> {
  return z.strictObject({ items: z.array(item), nextCursor: z.string().nullable() });
}
