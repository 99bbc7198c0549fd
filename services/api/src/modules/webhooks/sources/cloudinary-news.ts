import { merchantBody, subscriptionUpdateBody } from '@tidings/contracts';
import { z } from 'zod';
import { parse, providerRef, unknownType, type ProviderMessage } from '../message.js';

/** SQL writes times with a blank and without a zone: then it is UTC. */
export const time = z
  .string()
  .max(40)
  .regex(/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$/, 'must be a time')
  .transform((text, context) => {
    const at = new Date(`${text.replace(' ', 'T')}${/(Z|[+-]\d\d:?\d\d)$/.test(text.slice(10)) ? '' : 'Z'}`);
    if (Number.isNaN(at.getTime())) context.addIssue({ code: 'custom', message: 'must be a time' });
    return at;
  });
/** MySQL's BOOLEAN is a number. */
const flag = z.union([z.boolean(), z.literal([0, 1])]).transform(Boolean);
/** An empty column is as one that is missing. */
export const optional = <S extends z.ZodType>(schema: S) => z.preprocess((value) => (value === '' ? null : value), schema.nullish());

const camel: Readonly<Record<string, string>> = {
  owner_name: 'ownerName',
  is_active: 'isActive',
  merchant_id: 'merchantId',
  end_date: 'endDate',
  created_at: 'createdAt',
  updated_at: 'updatedAt',
};
/** Rows of the database have `owner_name`, the app's objects `ownerName`: either. */
const row = z
  .record(z.string().max(100), z.unknown())
  .transform((data) => ({ ...Object.fromEntries(Object.entries(data).map(([name, value]) => [camel[name] ?? name, value])), ...data }));

const dated = { createdAt: optional(time), updatedAt: optional(time) };
const { name, ownerName, email, phone, address, description, category } = merchantBody.shape;
const more = {
  phone: optional(phone.unwrap()),
  address: optional(address.unwrap()),
  description: optional(description.unwrap()),
  category: optional(category.unwrap()),
  isActive: optional(flag),
};
const createdSchema = z.object({ id: providerRef, name, ownerName, email, ...more, ...dated });
const updatedSchema = z.object({
  id: providerRef,
  name: optional(name),
  ownerName: optional(ownerName),
  email: optional(email),
  ...more,
  ...dated,
});
const { plan, status, notes } = subscriptionUpdateBody.shape;
const subscriptionSchema = z.object({
  merchantId: providerRef,
  plan: optional(plan.unwrap()),
  status: optional(status.unwrap()),
  endDate: optional(time),
  notes: optional(notes.unwrap().unwrap()),
  ...dated,
});
const custom = z.looseObject({ merchantId: providerRef.optional(), merchant_id: providerRef.optional() });
const uploadSchema = z.looseObject({
  public_id: z.string().max(1_000),
  resource_type: z.string().max(100).optional(),
  secure_url: z.url({ protocol: /^https?$/ }).max(2_000),
  timestamp: optional(time),
  created_at: optional(time),
  context: z.looseObject({ custom: custom.nullish() }).nullish(),
});

/** `data` is as the app's backend has it; https://cloudinary.com only carries it. */
export function readNews(
  { type, data }: { type: string; data?: unknown },
  { sentAt, signedAt }: { sentAt: Date | undefined; signedAt: Date },
): { message: ProviderMessage; isDated: boolean } {
  const timeOf = (given: { updatedAt?: Date | null | undefined }, or?: Date | null) => {
    const at = given.updatedAt ?? sentAt ?? or ?? undefined;
    return { at: at ?? signedAt, isDated: at !== undefined };
  };
  switch (type) {
    case 'merchant_created': {
      const { id: merchant, createdAt, updatedAt, ...fields } = parse(createdSchema, parse(row, data));
      const { at, isDated } = timeOf({ updatedAt }, createdAt);
      return { isDated, message: { kind: 'merchant-news', news: { about: 'created', merchant, at, fields: present(fields) } } };
    }
    case 'merchant_updated': {
      const { id: merchant, createdAt: _, updatedAt, ...given } = parse(updatedSchema, parse(row, data));
      const { name: newName, ownerName: newOwner, email: newEmail, isActive, ...others } = given;
      // null takes away what need not be there; a name it cannot take.
      const kept = present({ name: newName, ownerName: newOwner, email: newEmail, isActive });
      const fields = { ...kept, ...Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined)) };
      const { at, isDated } = timeOf({ updatedAt });
      const news = { about: 'updated' as const, merchant, at, fields: Object.keys(fields).length > 0 ? fields : null };
      return { isDated, message: { kind: 'merchant-news', news } };
    }
    case 'subscription_updated': {
      const {
        merchantId: merchant,
        createdAt: _,
        updatedAt,
        endDate,
        notes: newNotes,
        ...given
      } = parse(subscriptionSchema, parse(row, data));
      const { at, isDated } = timeOf({ updatedAt });
      const fields = {
        ...present(given),
        ...(endDate ? { endDate: endDate.toISOString() } : {}),
        ...(newNotes === undefined ? {} : { notes: newNotes }),
      };
      return { isDated, message: { kind: 'merchant-news', news: { about: 'subscription', merchant, at, fields } } };
    }
    default:
      return { isDated: false, message: unknownType };
  }
}

/** An image below `merchants/{id}`, or with the merchant in its context, is that one's logo. */
export function readUpload(value: unknown, signedAt: Date): ProviderMessage {
  const { public_id, resource_type = 'image', secure_url: url, timestamp, created_at, context } = parse(uploadSchema, value);
  const named = context?.custom?.merchantId ?? context?.custom?.merchant_id;
  const merchant = named ?? /(?:^|\/)merchants\/([^/]{1,255})(?:\/logo)?$/.exec(public_id)?.[1];
  if (merchant === undefined || resource_type !== 'image') return { kind: 'none', reason: 'It is no logo of a merchant' };
  return { kind: 'merchant-news', news: { about: 'logo', merchant, at: timestamp ?? created_at ?? signedAt, url } };
}

/** Without what is missing or null. */
function present<T extends object>(fields: T): { [Key in keyof T]: NonNullable<T[Key]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null)) as {
    [Key in keyof T]: NonNullable<T[Key]>;
  };
}
