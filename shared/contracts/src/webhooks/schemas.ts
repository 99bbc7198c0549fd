import { z } from 'zod';
import { listQuery, text, timeSchema } from '../common.js';

export const webhookProviderSchema = z.enum(['stripe', 'razorpay', 'zeffy', 'cloudinary']);

/**
 * `waiting`: what it names is not there yet; `held`: it contradicts what we know, and a person has to look; `dismissed`: one did, and nothing
 * was done; `unmatched`: its payment is on the list of those that are nobody's.
 */
export const deliveryStates = ['received', 'processed', 'ignored', 'waiting', 'held', 'unmatched', 'dismissed'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** `{provider}:{event id}`. */
const deliveryIdSchema = z.string().regex(/^[A-Za-z0-9_.:-]{1,200}$/, 'must be the id of a delivery');
export const deliveryParams = z.strictObject({ id: deliveryIdSchema });

/** One message of a provider. */
export const webhookDeliverySchema = z.strictObject({
  id: deliveryIdSchema,
  provider: webhookProviderSchema,
  type: z.string(),
  state: z.enum(deliveryStates),
  /** Why it is in this state. */
  reason: z.string().optional(),
  replays: z.int().min(0),
  receivedAt: timeSchema,
  processedAt: timeSchema.optional(),
});
export type WebhookDelivery = z.output<typeof webhookDeliverySchema>;

/** With the text that was signed, and the headers that its signature is made of. */
export const webhookDeliveryDetailSchema = webhookDeliverySchema.extend({
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});

export const deliveriesQuery = z.strictObject({
  ...listQuery,
  state: z.enum(deliveryStates).optional(),
  provider: webhookProviderSchema.optional(),
});
export type DeliveriesQuery = z.output<typeof deliveriesQuery>;

/**
 * `credit`: what was really paid, in its own currency, to the user of the top-up that it names; of a dispute whose end nobody knows here, what
 * it has frozen, back to the user. `debit`: that dispute is lost, and the bank has the money.
 */
export const resolveDeliveryBody = z.strictObject({ decision: z.enum(['dismiss', 'credit', 'debit']), reason: text(500) });
export type ResolveDelivery = z.output<typeof resolveDeliveryBody>;
