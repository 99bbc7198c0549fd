import type { RefundStatus } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';
import type { TopUpDocument } from './wallet.model.js';

/** Money that an administrator gives back: of a top-up by way of its provider, or of an order or a payment request. */
export interface RefundDocument {
  _id: string;
  status: RefundStatus;
  userId: string;
  topUpId?: string;
  orderId?: string;
  paymentRequestId?: string;
  /** Minor units. */
  amount: number;
  currency: string;
  paymentMethod: TopUpDocument['provider'] | 'wallet';
  reason: string;
  failure?: string;
  /** What of the amount is booked as given back. A top-up's rest is held in the wallet while the refund is pending. */
  settled: number;
  requestedBy: string;
  version: number;
  createdAt: Date;
}

export interface RefundModels {
  refunds: Model<RefundDocument>;
}

const text = { type: String, required: true } as const;
const integer = { type: Number, required: true, validate: Number.isSafeInteger } as const;
const refundSchema = new Schema<RefundDocument>(
  {
    _id: text,
    status: text,
    userId: text,
    topUpId: String,
    orderId: String,
    paymentRequestId: String,
    amount: integer,
    currency: text,
    paymentMethod: text,
    reason: text,
    failure: String,
    settled: integer,
    requestedBy: text,
    version: integer,
    createdAt: { type: Date, required: true },
  },
  { versionKey: false, strict: 'throw', collection: 'refunds' },
);
refundSchema.index({ createdAt: -1, _id: -1 });
refundSchema.index({ status: 1, createdAt: -1, _id: -1 });
refundSchema.index({ userId: 1, createdAt: -1, _id: -1 });
refundSchema.index({ topUpId: 1, createdAt: -1, _id: -1 }, { sparse: true });
refundSchema.index({ orderId: 1, createdAt: -1, _id: -1 }, { sparse: true });
refundSchema.index({ paymentRequestId: 1, createdAt: -1, _id: -1 }, { sparse: true });

export function refundModels({ connection }: Pick<Mongo, 'connection'>): RefundModels {
  return { refunds: connection.models['Refund'] ?? connection.model<RefundDocument>('Refund', refundSchema) };
}
