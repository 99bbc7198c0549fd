import type { Payout } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

export interface PayoutDocument {
  _id: string;
  merchantId: string;
  /** As it was when the payout was requested. */
  merchantName: string;
  /** Minor units. */
  amount: number;
  currency: string;
  status: Payout['status'];
  requestedBy: string;
  note?: string;
  reference?: string;
  reason?: string;
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

export interface PayoutModels {
  payouts: Model<PayoutDocument>;
}

const text = { type: String, required: true } as const;
const integer = { type: Number, required: true, validate: Number.isSafeInteger } as const;
const time = { type: Date, required: true } as const;

const payoutSchema = new Schema<PayoutDocument>(
  {
    _id: text,
    merchantId: text,
    merchantName: text,
    amount: integer,
    currency: text,
    status: text,
    requestedBy: text,
    note: String,
    reference: String,
    reason: String,
    version: integer,
    createdAt: time,
    updatedAt: time,
  },
  { versionKey: false, strict: 'throw', collection: 'payouts' },
);
payoutSchema.index({ merchantId: 1, createdAt: -1, _id: -1 });
payoutSchema.index({ merchantId: 1, status: 1, createdAt: -1, _id: -1 });
payoutSchema.index({ status: 1, createdAt: -1, _id: -1 });
payoutSchema.index({ createdAt: -1, _id: -1 });

export function payoutModels({ connection }: Pick<Mongo, 'connection'>): PayoutModels {
  return { payouts: connection.models['Payout'] ?? connection.model<PayoutDocument>('Payout', payoutSchema) };
}
