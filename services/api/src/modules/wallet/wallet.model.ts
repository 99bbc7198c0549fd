import type { DisputeStatus, TopUp, UnmatchedPayment, WalletTransaction } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

/**
 * What holds money. The first three may never go below zero: users' and merchants' own, and what of a user's is set aside (a payment that
 * waits for approval, a disputed top-up). The others stand for the world outside, for claims, and (`system`) for what administrators
 * give and take.
 */
export type AccountKind = 'user' | 'merchant' | 'hold' | 'provider' | 'receivable' | 'payout' | 'system';

export interface AccountDocument {
  /** `{kind}:{ownerId}:{currency}`. */
  _id: string;
  kind: AccountKind;
  ownerId: string;
  currency: string;
  /** Minor units. Of all postings for a user; of the rolled-up ones for everybody else. */
  balance: number;
  /** Of a user's account: the balance of the user's `hold` account. */
  held: number;
  /** How often what its owner owes has changed: what comes in at that moment meets it here, and sees it. */
  debtChanges?: number;
  version: number;
  /** Of the newest posting: later than of the one before. */
  lastAt: Date;
}

/** What a transfer is, in the words of the contract, and what it is about. */
export interface TransferFacts {
  type: WalletTransaction['type'];
  /** For people. */
  description: string;
  paymentMethod: WalletTransaction['paymentMethod'];
  topUpId?: string;
  orderId?: string;
  paymentRequestId?: string;
  investmentId?: string;
}

export type TransferDocument<Facts = TransferFacts> = Facts & {
  /** The idempotency key, e.g. `topup:{id}`. */
  _id: string;
  currency: string;
  at: Date;
  /** What moved in all, minor units, and whose: what administrators filter by. */
  amount: number;
  userId?: string;
  merchantId?: string;
  /** The administrators' feed has not told of it; unset by the event that does. */
  untold?: true;
  /** The transaction that wrote it, whose events tell of it; transfers of versions before have none. */
  tx?: string;
};

export type PostingDocument<Facts = TransferFacts> = Facts & {
  _id: string;
  account: string;
  transferId: string;
  /** Signed minor units. */
  amount: number;
  currency: string;
  /** The account after this posting, where its balance is kept with each; the version is the posting's place in the account's history. */
  balanceAfter?: number;
  accountVersion?: number;
  /** Not in the account's balance yet; unset by the roll-up that includes it. */
  pending?: true;
  at: Date;
};

/** Where a ledger keeps its books. Loyalty points have books of their own, of the same kind. */
export interface LedgerModels<Facts = TransferFacts> {
  accounts: Model<AccountDocument>;
  transfers: Model<TransferDocument<Facts>>;
  postings: Model<PostingDocument<Facts>>;
}

export type TopUpStatus = 'pending' | 'succeeded' | 'failed' | 'refunded';

export interface TopUpDocument {
  _id: string;
  userId: string;
  amount: number;
  currency: string;
  provider: TopUp['provider'];
  status: TopUpStatus;
  /** The provider's own id of the payment. */
  providerRef?: string;
  /** Lets the customer's browser confirm the payment with the provider. */
  clientSecret?: string;
  /** Where the customer pays. */
  checkoutUrl?: string;
  /** What Razorpay's checkout is opened with. */
  razorpay?: { orderId: string; keyId: string };
  failureReason?: string;
  /** In all, over partial refunds; without those that failed afterwards. */
  refunded: number;
  /** Refunds that the provider began and a bank sent back, by the provider's own ids, and when the provider heard of it. */
  failedRefunds?: { ref: string; amount: number; at: Date }[];
  /** Refunds that were told of one by one: of others the provider tells sums alone. */
  refundRefs?: string[];
  /** The newest sum of refunds that the provider has told. */
  reported?: { total: number; at: Date };
  /** How many refunds administrators have asked for: two that ask at once meet here. */
  refundRequests?: number;
  /** The kind of the job that goes on with the money, once it is there; see `TopUps.store`. */
  followedBy?: string;
  /** When the money came into the wallet. */
  creditedAt?: Date;
  createdAt: Date;
}

/** A bank takes a top-up back, or tries to. */
export interface DisputeDocument {
  /** Made of the provider's name for it, so that what is told twice finds it. */
  _id: string;
  provider: TopUp['provider'];
  disputeId: string;
  topUpId: string;
  userId: string;
  amount: number;
  /** What of it was set aside when it was opened. */
  frozen: number;
  currency: string;
  status: DisputeStatus;
  reason?: string;
  version: number;
  createdAt: Date;
  closedAt?: Date;
}

/** A payment that named nobody. */
export interface UnmatchedDocument {
  /** Made of the provider's name for it; its top-up's id, once there is one. */
  _id: string;
  provider: TopUp['provider'];
  paymentId: string;
  amount: number;
  currency: string;
  email?: string;
  reference?: string;
  state: UnmatchedPayment['state'];
  userId?: string;
  topUpId?: string;
  createdAt: Date;
  assignedAt?: Date;
}

export interface WalletModels extends LedgerModels {
  topUps: Model<TopUpDocument>;
  disputes: Model<DisputeDocument>;
  unmatched: Model<UnmatchedDocument>;
}

const options = { versionKey: false, strict: 'throw' } as const;
const id = { type: String, required: true } as const;
const text = { type: String, required: true } as const;
const integer = { type: Number, required: true, validate: Number.isSafeInteger } as const;
const facts = {
  type: text,
  description: text,
  paymentMethod: text,
  topUpId: String,
  orderId: String,
  paymentRequestId: String,
  investmentId: String,
} as const;
const time = { type: Date, required: true } as const;
const nested = { _id: false, strict: 'throw' } as const;

const accountSchema = new Schema<AccountDocument>(
  {
    _id: id,
    kind: text,
    ownerId: text,
    currency: text,
    balance: integer,
    held: integer,
    debtChanges: Number,
    version: integer,
    lastAt: time,
  },
  { ...options, collection: 'accounts' },
);

const transferSchema = new Schema<TransferDocument>(
  { ...facts, _id: id, currency: text, at: time, amount: integer, userId: String, merchantId: String, untold: Boolean, tx: String },
  { ...options, collection: 'transfers' },
);
transferSchema.index({ tx: 1 }, { sparse: true });
// The administrators' list: by each thing that one may ask for, newest first.
transferSchema.index({ at: -1, _id: -1 });
for (const field of ['userId', 'merchantId', 'type', 'paymentMethod'] as const) transferSchema.index({ [field]: 1, at: -1, _id: -1 });
// Holds only what the administrators' feed has not told of yet.
transferSchema.index({ untold: 1 }, { partialFilterExpression: { untold: true } });

const postingSchema = new Schema<PostingDocument>(
  {
    ...facts,
    _id: id,
    account: text,
    transferId: text,
    amount: integer,
    currency: text,
    balanceAfter: Number,
    accountVersion: Number,
    pending: Boolean,
    at: time,
  },
  { ...options, collection: 'postings' },
);
postingSchema.index({ account: 1, accountVersion: -1 });
postingSchema.index({ transferId: 1 });
postingSchema.index({ topUpId: 1 }, { sparse: true });
// A merchant's sales by the day; users' histories go by version.
postingSchema.index({ account: 1, at: 1 }, { partialFilterExpression: { account: { $gte: 'merchant:', $lt: 'merchant;' } } });
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
    checkoutUrl: String,
    razorpay: new Schema({ orderId: text, keyId: text }, nested),
    failureReason: String,
    refunded: integer,
    failedRefunds: { type: [new Schema({ ref: text, amount: integer, at: time }, nested)], default: undefined },
    refundRefs: { type: [String], default: undefined },
    reported: new Schema({ total: integer, at: time }, nested),
    refundRequests: Number,
    followedBy: String,
    creditedAt: Date,
    createdAt: time,
  },
  { ...options, collection: 'topups' },
);
topUpSchema.index({ providerRef: 1 }, { sparse: true });
topUpSchema.index({ 'razorpay.orderId': 1 }, { sparse: true });
topUpSchema.index({ provider: 1, creditedAt: 1 });
// For a rehearsal, which copies a user's top-ups.
topUpSchema.index({ userId: 1, createdAt: -1 });
// Two ways lead to the credit of a Zeffy payment, by its reference and by an administrator: one payment is one top-up, whoever comes first.
topUpSchema.index(
  { provider: 1, providerRef: 1 },
  { unique: true, partialFilterExpression: { provider: 'zeffy', providerRef: { $exists: true } } },
);

const disputeSchema = new Schema<DisputeDocument>(
  {
    _id: id,
    provider: text,
    disputeId: text,
    topUpId: text,
    userId: text,
    amount: integer,
    frozen: integer,
    currency: text,
    status: text,
    reason: String,
    version: integer,
    createdAt: time,
    closedAt: Date,
  },
  { ...options, collection: 'disputes' },
);
disputeSchema.index({ createdAt: -1, _id: -1 });
for (const field of ['status', 'userId', 'topUpId'] as const) disputeSchema.index({ [field]: 1, createdAt: -1, _id: -1 });

const unmatchedSchema = new Schema<UnmatchedDocument>(
  {
    _id: id,
    provider: text,
    paymentId: text,
    amount: integer,
    currency: text,
    email: String,
    reference: String,
    state: text,
    userId: String,
    topUpId: String,
    createdAt: time,
    assignedAt: Date,
  },
  { ...options, collection: 'unmatched_payments' },
);
unmatchedSchema.index({ createdAt: -1, _id: -1 });
unmatchedSchema.index({ state: 1, createdAt: -1, _id: -1 });

export function walletModels({ connection }: Pick<Mongo, 'connection'>): WalletModels {
  return {
    accounts: connection.models['Account'] ?? connection.model<AccountDocument>('Account', accountSchema),
    transfers: connection.models['Transfer'] ?? connection.model<TransferDocument>('Transfer', transferSchema),
    postings: connection.models['Posting'] ?? connection.model<PostingDocument>('Posting', postingSchema),
    topUps: connection.models['TopUp'] ?? connection.model<TopUpDocument>('TopUp', topUpSchema),
    disputes: connection.models['Dispute'] ?? connection.model<DisputeDocument>('Dispute', disputeSchema),
    unmatched: connection.models['UnmatchedPayment'] ?? connection.model<UnmatchedDocument>('UnmatchedPayment', unmatchedSchema),
  };
}
