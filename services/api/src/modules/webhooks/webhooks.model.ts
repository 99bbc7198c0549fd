import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

/** `waiting`: what it names is not there yet; `held`: it contradicts what we know, and a person has to look. */
export type DeliveryState = 'received' | 'processed' | 'ignored' | 'waiting' | 'held';

/** A provider's message as it came, kept for replay and for questions. */
export interface DeliveryDocument {
  /** `{provider}:{the provider's event id}`: a message that comes again finds this one. */
  _id: string;
  provider: 'stripe';
  type: string;
  /** The very text that was signed. */
  body: string;
  state: DeliveryState;
  reason?: string;
  receivedAt: Date;
  processedAt?: Date;
}

export interface WebhookModels {
  deliveries: Model<DeliveryDocument>;
}

const text = { type: String, required: true } as const;
const deliverySchema = new Schema<DeliveryDocument>(
  {
    _id: text,
    provider: text,
    type: text,
    body: text,
    state: text,
    reason: String,
    receivedAt: { type: Date, required: true },
    processedAt: Date,
  },
  { versionKey: false, strict: 'throw', collection: 'webhook_deliveries' },
);
deliverySchema.index({ state: 1, receivedAt: -1 });

export function webhookModels({ connection }: Pick<Mongo, 'connection'>): WebhookModels {
  return { deliveries: connection.models['Delivery'] ?? connection.model<DeliveryDocument>('Delivery', deliverySchema) };
}
