import { z } from 'zod';
import {
  currencySchema,
  emailSchema,
  flagSchema,
  idSchema,
  listQuery,
  text,
  timeSchema,
  timeZoneSchema,
  versionSchema,
} from '../common.js';
import { memberRoleSchema } from '../identity/schemas.js';

export const categorySchema = text(60).regex(/^[\p{L}\p{M}\p{N} .,'’&/()+_-]+$/u, 'must be of letters, digits and a few signs');
/** Written as names are. */
export const searchSchema = text(60).regex(/^[\p{L}\p{M}\p{N} .,'’&/()+_-]+$/u, 'must be letters, digits and a few signs');
const phoneSchema = text(32);
const addressSchema = text(300);
const descriptionSchema = text(2000);

export const merchantBody = z.strictObject({
  name: text(120),
  ownerName: text(120),
  /** One merchant of each address, whatever the case; free again once it is deleted. */
  email: emailSchema,
  phone: phoneSchema.optional(),
  address: addressSchema.optional(),
  description: descriptionSchema.optional(),
  category: categorySchema.optional(),
  isActive: z.boolean().optional(),
  currency: currencySchema.optional(),
  timeZone: timeZoneSchema.optional(),
});
export type MerchantInput = z.output<typeof merchantBody>;

/** What is sent changes, the rest stays; null takes away what need not be there. */
export const merchantPatch = z
  .strictObject({
    name: text(120).optional(),
    ownerName: text(120).optional(),
    email: emailSchema.optional(),
    phone: phoneSchema.nullable().optional(),
    address: addressSchema.nullable().optional(),
    description: descriptionSchema.nullable().optional(),
    category: categorySchema.nullable().optional(),
    isActive: z.boolean().optional(),
    currency: currencySchema.optional(),
    timeZone: timeZoneSchema.optional(),
  })
  .refine((body) => Object.values(body).some((value) => value !== undefined), 'at least one field');
export type MerchantPatch = z.output<typeof merchantPatch>;

/** `GET /api/files/{fileId}` shows it, also without a login. Pixels. */
export const logoSchema = z.strictObject({ fileId: idSchema, width: z.int().min(1), height: z.int().min(1) });

/** A file that the caller sent; null takes the logo away. */
export const logoBody = z.strictObject({ fileId: idSchema.nullable() });

/** What everybody sees. */
export const merchantSchema = z.strictObject({
  id: idSchema,
  name: z.string(),
  logo: logoSchema.optional(),
  description: z.string().optional(),
  category: z.string().optional(),
  isActive: z.boolean(),
  currency: currencySchema,
  timeZone: z.string(),
  version: versionSchema,
  createdAt: timeSchema,
  updatedAt: timeSchema,
});
export type Merchant = z.output<typeof merchantSchema>;

/** For administrators only. */
export const contactsSchema = z.strictObject({
  ownerName: z.string(),
  email: z.string(),
  phone: z.string().optional(),
  address: z.string().optional(),
});
export type Contacts = z.output<typeof contactsSchema>;

/** The public fields; for administrators with the contacts. */
export const merchantViewSchema = merchantSchema.extend({ contacts: contactsSchema.optional() });
export type MerchantView = z.output<typeof merchantViewSchema>;

/** As many as one `merchants-changed` names. */
export const mostMerchantIds = 100;
const idsSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}(,[A-Za-z0-9_-]{1,64}){0,99}$/, 'must be at most 100 ids, divided by commas')
  .transform((ids) => ids.split(','));

/**
 * Newest first unless sorted. `q`: the beginning of the name from any of its words on, whatever the case; what it finds comes by name. `ids`: what a
 * `merchants-changed` named, as far as it is still there.
 */
export const merchantsQuery = z
  .strictObject({
    ...listQuery,
    q: searchSchema.optional(),
    category: categorySchema.optional(),
    isActive: flagSchema.optional(),
    sort: z.enum(['newest', 'name']).optional(),
    ids: idsSchema.optional(),
  })
  .refine(({ q, sort = 'name' }) => q === undefined || sort === 'name', { path: ['sort'], message: 'must be name with q' });
export type MerchantsQuery = z.output<typeof merchantsQuery>;

export const memberBody = z
  .strictObject({ email: emailSchema.optional(), userId: idSchema.optional(), role: memberRoleSchema })
  .refine((body) => (body.email === undefined) !== (body.userId === undefined), 'either email or userId');
export type MemberInput = z.output<typeof memberBody>;

export const memberSchema = z.strictObject({
  userId: idSchema,
  name: z.string(),
  email: z.string(),
  role: memberRoleSchema,
});
export type Member = z.output<typeof memberSchema>;
