import { z } from 'zod';
import { balanceSchema, currencySchema, idSchema, timeSchema } from '../common.js';
import { merchantSchema } from '../merchants/schemas.js';
import { itemSchema, orderBody, orderLineInput, orderSchema } from '../orders/schemas.js';
import { codeSchema, qrFormatQuery } from './codes.js';

/** With `itemId` the code of that item at its present price, which changes. */
export const merchantQrQuery = z.strictObject({ ...qrFormatQuery, itemId: idSchema.optional() });
export const ownQrQuery = z.strictObject(qrFormatQuery);

export const resolveCodeBody = z.strictObject({ code: codeSchema });

/** What a code stands for: what an app shows before anything is confirmed. */
export const resolvedCodeSchema = z.discriminatedUnion('kind', [
  /** `items` are the newest of the menu; with `more`, `GET /api/merchants/:id/items` has the rest. */
  z.strictObject({
    kind: z.literal('stall'),
    expiresAt: z.null(),
    merchant: merchantSchema,
    items: z.array(itemSchema),
    more: z.boolean(),
  }),
  /** `price`: minor units for one piece without options; as long as the item costs that, the code can be paid. */
  z.strictObject({
    kind: z.literal('item'),
    expiresAt: timeSchema,
    merchant: merchantSchema,
    items: z.array(itemSchema).length(1),
    price: balanceSchema,
    currency: currencySchema,
  }),
  z.strictObject({
    kind: z.literal('user'),
    expiresAt: timeSchema,
    customer: z.strictObject({ userId: idSchema, name: z.string() }),
  }),
  z.strictObject({ kind: z.literal('pickup'), expiresAt: timeSchema, order: orderSchema }),
]);
export type ResolvedCode = z.output<typeof resolvedCodeSchema>;

/** A stall's code takes `items`; an item's code stands for the item and takes `quantity` and `options`. */
export const payByCodeBody = z.strictObject({
  code: codeSchema,
  items: orderBody.shape.items.optional(),
  quantity: orderLineInput.shape.quantity.optional(),
  options: orderLineInput.shape.options,
  note: orderBody.shape.note,
  /** The total that the customer saw and confirms, in minor units: when it is another, nothing is paid (`price-changed`). */
  price: balanceSchema,
});
export type PayByCode = z.output<typeof payByCodeBody>;
