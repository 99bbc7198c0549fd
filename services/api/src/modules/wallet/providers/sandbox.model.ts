import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

/** What the sandbox, as a provider, has in its own books. */
export interface SandboxPayment {
  /** The top-up's id. */
  _id: string;
  providerRef: string;
  amount: number;
  currency: string;
  /** In all. */
  refunded: number;
  /** Those that were made, by the caller's id. */
  refundIds: string[];
  at: Date;
}

const text = { type: String, required: true } as const;
const number = { type: Number, required: true } as const;
const schema = new Schema<SandboxPayment>(
  {
    _id: text,
    providerRef: text,
    amount: number,
    currency: text,
    refunded: number,
    refundIds: { type: [String], required: true },
    at: { type: Date, required: true },
  },
  { versionKey: false, strict: 'throw', collection: 'sandbox_payments' },
);
schema.index({ at: 1, _id: 1 });

export function sandboxModel({ connection }: Pick<Mongo, 'connection'>): Model<SandboxPayment> {
  return connection.models['SandboxPayment'] ?? connection.model<SandboxPayment>('SandboxPayment', schema);
}
