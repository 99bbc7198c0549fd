import type { DeliveryState } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';
import type { WebhookProvider } from './message.js';

export type { DeliveryState };

/** A provider's message as it came, kept for replay and for questions. */
export interface DeliveryDocument {
  /** `{provider}:{the provider's event id}`: a message that comes again finds this one. */
  _id: string;
  provider: WebhookProvider;
  type: string;
  /** The very text that was signed. */
  body: string;
  /** Those that the signature is made of; no secrets. */
  headers: Record<string, string>;
  state: DeliveryState;
  reason?: string;
  /** It has changed something: doing it again, which changes nothing, does not make it one that was ignored. */
  changed?: true;
  /** Of a payment: its names, by which what follows it is found. */
  pays?: string[];
  /** Of what can only follow a payment: that one's name. */
  follows?: string;
  /** The held message of the payment that it waits for. */
  heldFor?: string;
  /** How often something that follows it was held with it. */
  followers?: number;
  /** How often an administrator had it done again. */
  replays: number;
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
    headers: { type: Object, required: true },
    state: text,
    reason: String,
    changed: Boolean,
    pays: { type: [String], default: undefined },
    follows: String,
    heldFor: String,
    followers: Number,
    replays: { type: Number, required: true },
    receivedAt: { type: Date, required: true },
    processedAt: Date,
  },
  { versionKey: false, strict: 'throw', collection: 'webhook_deliveries', minimize: false },
);
deliverySchema.index({ receivedAt: -1, _id: -1 });
deliverySchema.index({ state: 1, receivedAt: -1, _id: -1 });
deliverySchema.index({ provider: 1, receivedAt: -1, _id: -1 });
deliverySchema.index({ provider: 1, state: 1, receivedAt: -1, _id: -1 });
deliverySchema.index({ pays: 1 }, { sparse: true });
deliverySchema.index({ follows: 1 }, { sparse: true });
deliverySchema.index({ heldFor: 1 }, { sparse: true });

export function webhookModels({ connection }: Pick<Mongo, 'connection'>): WebhookModels {
  return { deliveries: connection.models['Delivery'] ?? connection.model<DeliveryDocument>('Delivery', deliverySchema) };
}
