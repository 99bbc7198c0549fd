import type { PaymentRequest, PaymentRequestStatus } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

export interface PaymentRequestDocument {
  _id: string;
  userId: string;
  /** As it was when the merchant asked; so is the merchant's name. */
  customerName: string;
  vendorId: string;
  vendorName: string;
  /** Minor units. */
  amount: number;
  currency: string;
  note?: string;
  capture: PaymentRequest['capture'];
  status: PaymentRequestStatus;
  /** Minor units. */
  captured?: number;
  /** Minor units. */
  refunded?: number;
  expiresAt: Date;
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

export interface PaymentRequestModels {
  paymentRequests: Model<PaymentRequestDocument>;
}

const text = { type: String, required: true } as const;
const integer = { type: Number, required: true, validate: Number.isSafeInteger } as const;
const time = { type: Date, required: true } as const;

const paymentRequestSchema = new Schema<PaymentRequestDocument>(
  {
    _id: text,
    userId: text,
    customerName: text,
    vendorId: text,
    vendorName: text,
    amount: integer,
    currency: text,
    note: String,
    capture: text,
    status: text,
    captured: Number,
    refunded: Number,
    expiresAt: time,
    version: integer,
    createdAt: time,
    updatedAt: time,
  },
  { versionKey: false, strict: 'throw', collection: 'payment_requests' },
);
paymentRequestSchema.index({ userId: 1, createdAt: -1, _id: -1 });
paymentRequestSchema.index({ vendorId: 1, createdAt: -1, _id: -1 });
// A few open ones among all that ever were.
paymentRequestSchema.index({ userId: 1, status: 1, createdAt: -1, _id: -1 });
paymentRequestSchema.index({ vendorId: 1, status: 1, createdAt: -1, _id: -1 });

export function paymentRequestModels({ connection }: Pick<Mongo, 'connection'>): PaymentRequestModels {
  return {
    paymentRequests:
      connection.models['PaymentRequest'] ?? connection.model<PaymentRequestDocument>('PaymentRequest', paymentRequestSchema),
  };
}
