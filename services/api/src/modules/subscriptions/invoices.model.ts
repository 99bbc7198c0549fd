import type { Invoice } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

export interface InvoiceDocument {
  _id: string;
  /** `2026-000001`. */
  number: string;
  merchantId: string;
  plan: Invoice['plan'];
  lines: Invoice['lines'];
  /** Minor units. */
  total: number;
  currency: string;
  from: Date;
  to: Date;
  paymentMethod: Invoice['paymentMethod'];
  transactionId: string;
  /** Who issued it, line by line, as it was then. */
  issuedBy: string[];
  /** As it was when the invoice was issued. */
  billedTo: Invoice['billedTo'];
  /** Of the calendar in which the page shows its days. */
  timeZone: string;
  createdAt: Date;
}

/** The last number of a year. */
export interface InvoiceCounterDocument {
  _id: string;
  last: number;
}

/** A payment by a provider that is to renew a subscription; named as its top-up. */
export interface CheckoutDocument {
  _id: string;
  merchantId: string;
  userId: string;
  plan: Invoice['plan'];
  autoRenew: boolean;
  paymentMethod: Invoice['paymentMethod'];
  state: 'open' | 'paid' | 'refused';
  /** Why it could not be used for the subscription: the money is in the wallet. */
  reason?: string;
  createdAt: Date;
}

export interface BillingModels {
  invoices: Model<InvoiceDocument>;
  counters: Model<InvoiceCounterDocument>;
  checkouts: Model<CheckoutDocument>;
}

const text = { type: String, required: true } as const;
const integer = { type: Number, required: true, validate: Number.isSafeInteger } as const;
const time = { type: Date, required: true } as const;
const nested = { _id: false, strict: 'throw' } as const;
const options = { versionKey: false, strict: 'throw' } as const;

const invoiceSchema = new Schema<InvoiceDocument>(
  {
    _id: text,
    number: text,
    merchantId: text,
    plan: text,
    lines: { type: [new Schema({ description: text, amount: integer }, nested)], required: true },
    total: integer,
    currency: text,
    from: time,
    to: time,
    paymentMethod: text,
    transactionId: text,
    issuedBy: { type: [String], required: true },
    billedTo: { type: new Schema({ name: text, ownerName: text, email: text, address: String }, nested), required: true },
    timeZone: text,
    createdAt: time,
  },
  { ...options, collection: 'invoices' },
);
invoiceSchema.index({ number: 1 }, { unique: true });
invoiceSchema.index({ merchantId: 1, createdAt: -1, _id: -1 });

const counterSchema = new Schema<InvoiceCounterDocument>({ _id: text, last: integer }, { ...options, collection: 'invoice_counters' });

const checkoutSchema = new Schema<CheckoutDocument>(
  {
    _id: text,
    merchantId: text,
    userId: text,
    plan: text,
    autoRenew: { type: Boolean, required: true },
    paymentMethod: text,
    state: text,
    reason: String,
    createdAt: time,
  },
  { ...options, collection: 'subscription_checkouts' },
);

export function billingModels({ connection }: Pick<Mongo, 'connection'>): BillingModels {
  return {
    invoices: connection.models['Invoice'] ?? connection.model<InvoiceDocument>('Invoice', invoiceSchema),
    counters: connection.models['InvoiceCounter'] ?? connection.model<InvoiceCounterDocument>('InvoiceCounter', counterSchema),
    checkouts: connection.models['SubscriptionCheckout'] ?? connection.model<CheckoutDocument>('SubscriptionCheckout', checkoutSchema),
  };
}
