import { z } from 'zod';
import { currencySchema, emailSchema, idSchema, listQuery, text, timeSchema, timeZoneSchema, versionSchema } from '../common.js';
import { memberRoleSchema } from '../identity/schemas.js';

const categorySchema = text(60).regex(/^[\p{L}\p{M}\p{N} .,'’&/()+_-]+$/u, 'must be of letters, digits and a few signs');

export const merchantBody = z.strictObject({
  name: text(120),
  ownerName: text(120),
  email: emailSchema,
  phone: text(32).optional(),
  address: text(300).optional(),
  description: text(2000).optional(),
  category: categorySchema.optional(),
  isActive: z.boolean().optional(),
  currency: currencySchema.optional(),
  timeZone: timeZoneSchema.optional(),
});
export type MerchantInput = z.output<typeof merchantBody>;

/** What everybody sees. */
export const merchantSchema = z.strictObject({
  id: idSchema,
  name: z.string(),
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

export const merchantsQuery = z.strictObject({ ...listQuery, category: categorySchema.optional() });

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

/** A merchant's subscription to the platform. */
export const subscriptionStatusSchema = z.enum(['pending', 'active', 'expired', 'suspended', 'cancelled']);
