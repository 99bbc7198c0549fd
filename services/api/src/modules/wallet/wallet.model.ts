import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

/** What holds money. The first two may never go below zero; the others stand for the world outside and for claims. */
export type AccountKind = 'user' | 'merchant' | 'provider' | 'receivable';

export interface AccountDocument {
  /** `{kind}:{ownerId}:{currency}`. */
  _id: string;
  kind: AccountKind;
  ownerId: string;
  currency: string;
  /** Minor units. Of all postings for a user; of the rolled-up ones for everybody else. */
  balance: number;
  held: number;
  version: number;
}

export type TransferKind = 'top-up' | 'top-up-refund' | 'order' | 'order-refund';

/** What a transfer is about. */
export interface TransferReference {
  topUpId?: string;
  orderId?: string;
}

export interface TransferDocument {
  /** The idempotency key, e.g. `topup:{id}`. */
  _id: string;
  kind: TransferKind;
  currency: string;
  paymentMethod: string;
  reference: TransferReference;
  at: Date;
}

export interface PostingDocument {
  _id: string;
  account: string;
  transferId: string;
  kind: TransferKind;
  /** Signed minor units. */
  amount: number;
  currency: string;
  paymentMethod: string;
  reference: TransferReference;
  /** Of the account after this posting; only where the balance is kept with each posting. */
  balanceAfter?: number;
  /** Not in the account's balance yet; unset by the roll-up that includes it. */
  pending?: true;
  at: Date;
}

export type TopUpStatus = 'pending' | 'succeeded' | 'failed' | 'refunded';

export interface TopUpDocument {
  _id: string;
  userId: string;
  amount: number;
  currency: string;
  provider: 'stripe' | 'razorpay' | 'zeffy' | 'sandbox';
  status: TopUpStatus;
  /** The provider's own id of the payment. */
  providerRef?: string;
  /** Lets the customer's browser confirm the payment with the provider. */
  clientSecret?: string;
  failureReason?: string;
  /** In all, over partial refunds. */
  refunded: number;
  createdAt: Date;
}

export interface WalletModels {
  accounts: Model<AccountDocument>;
  transfers: Model<TransferDocument>;
  postings: Model<PostingDocument>;
  topUps: Model<TopUpDocument>;
}

const options = { versionKey: false, strict: 'throw' } as const;
const id = { type: String, required: true } as const;
const text = { type: String, required: true } as const;
const integer = { type: Number, required: true, validate: Number.isSafeInteger } as const;
const reference = { type: { _id: false, topUpId: String, orderId: String }, required: true } as const;

const accountSchema = new Schema<AccountDocument>(
  { _id: id, kind: text, ownerId: text, currency: text, balance: integer, held: integer, version: integer },
  { ...options, collection: 'accounts' },
);

const transferSchema = new Schema<TransferDocument>(
  { _id: id, kind: text, currency: text, paymentMethod: text, reference, at: { type: Date, required: true } },
  { ...options, collection: 'transfers' },
);

const postingSchema = new Schema<PostingDocument>(
  {
    _id: id,
    account: text,
    transferId: text,
    kind: text,
    amount: integer,
    currency: text,
    paymentMethod: text,
    reference,
    balanceAfter: Number,
    pending: Boolean,
    at: { type: Date, required: true },
  },
  { ...options, collection: 'postings' },
);
postingSchema.index({ account: 1, at: -1, _id: -1 });
postingSchema.index({ transferId: 1 });
// Holds only what waits for a roll-up, so that looking for work costs nothing when there is none.
postingSchema.index({ pending: 1, account: 1 }, { partialFilterExpression: { pending: true } });

const topUpSchema = new Schema<TopUpDocument>(
  {
    _id: id,
    userId: text,
    amount: integer,
    currency: text,
    provider: text,
    status: text,
    providerRef: String,
    clientSecret: String,
    failureReason: String,
    refunded: integer,
    createdAt: { type: Date, required: true },
  },
  { ...options, collection: 'topups' },
);
topUpSchema.index({ userId: 1, createdAt: -1 });
topUpSchema.index({ providerRef: 1 }, { sparse: true });

export function walletModels({ connection }: Pick<Mongo, 'connection'>): WalletModels {
  return {
    accounts: connection.models['Account'] ?? connection.model<AccountDocument>('Account', accountSchema),
    transfers: connection.models['Transfer'] ?? connection.model<TransferDocument>('Transfer', transferSchema),
    postings: connection.models['Posting'] ?? connection.model<PostingDocument>('Posting', postingSchema),
    topUps: connection.models['TopUp'] ?? connection.model<TopUpDocument>('TopUp', topUpSchema),
  };
}
