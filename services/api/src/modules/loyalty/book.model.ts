import type { FraudAlert, InteractionKind, PointsSource } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

/** A line of a business's list of customers, over its programs: what the cards say, ready to be sorted and searched. */
export interface CustomerDocument {
  /** `{merchantId}:{userId}`. */
  _id: string;
  merchantId: string;
  userId: string;
  name: string;
  /** Lower case, for sorting. */
  nameKey: string;
  status: 'active' | 'left';
  balance: number;
  lifetime: number;
  visits: number;
  lastVisitAt: Date | null;
  /** Of the active cards. */
  programIds: string[];
  tags: string[];
  /** The name in lower case under which searches find it and the count of customers has it; null: who has left. */
  listedAs: string | null;
  enrolledAt: Date;
  version: number;
}

/** The name of a listed customer from one of its words on. Of its own: a search reads them in the order of a plain index. */
export interface CustomerNameDocument {
  /** `{merchantId}:{userId}:{word}`. */
  _id: string;
  merchantId: string;
  customerId: string;
  /** Lower case. */
  from: string;
  tags: string[];
}

/** A customer more or less, until the figures have counted it. */
export interface HeadcountDocument {
  _id: string;
  merchantId: string;
  change: 1 | -1;
}

/** What happened between a business and a customer; the figures are counted from it. */
export interface InteractionDocument {
  _id: string;
  merchantId: string;
  userId: string;
  kind: InteractionKind;
  programId?: string;
  /** Of the scan, enrollment, points or redemption. */
  subjectId?: string;
  delta?: number;
  source?: PointsSource;
  /** Of a scan: the customer's first at this business. */
  isFirst?: true;
  /** Of a request that a scan made, and of its approval: when that was. */
  scannedAt?: Date;
  /** It happened when the customer had left: in the figures, not in what the business reads of the customer. */
  quiet?: true;
  by: string | null;
  at: Date;
  /** Not in the figures yet; unset by the roll-up that counts it. */
  pending?: true;
}

/** That administrators were told of a limit, in one window of it. */
export interface FraudAlertDocument {
  _id: string;
  /** `{kind}:{merchantId}[:{userId}]:{window}`. */
  window: string;
  kind: FraudAlert['kind'];
  merchantId: string;
  merchantName: string;
  userId: string | null;
  limit: number;
  windowSeconds: number;
  at: Date;
  expiresAt: Date;
}

/** A part of what a business gave by hand on a day of its calendar. */
export interface HandPointsDocument {
  /** `{merchantId}:{date}:{place}`: see `createHandPoints`. */
  _id: string;
  merchantId: string;
  date: string;
  points: number;
  /** Times that it was written. */
  turns?: number;
  expiresAt: Date;
}

const options = { versionKey: false, strict: 'throw', minimize: false } as const;
const text = { type: String, required: true } as const;
const integer = { type: Number, required: true, validate: Number.isSafeInteger } as const;
const time = { type: Date, required: true } as const;

const customerSchema = new Schema<CustomerDocument>(
  {
    _id: text,
    merchantId: text,
    userId: text,
    name: text,
    nameKey: text,
    status: text,
    balance: integer,
    lifetime: integer,
    visits: integer,
    lastVisitAt: { type: Date, default: null },
    programIds: { type: [String], required: true },
    tags: { type: [String], required: true },
    listedAs: { type: String, default: null },
    enrolledAt: time,
    version: integer,
  },
  { ...options, collection: 'loyalty_customers' },
);
/** The orders of the list of customers, which are read with and without a tag; `_id` decides among equals. */
export const customerOrders = [
  { enrolledAt: -1, _id: -1 },
  { lastVisitAt: -1, _id: -1 },
  { lifetime: -1, _id: -1 },
  { balance: -1, _id: -1 },
  { nameKey: 1, _id: 1 },
] as const;
for (const order of customerOrders)
  for (const tags of [{}, { tags: 1 }] as const)
    customerSchema.index({ merchantId: 1, ...tags, ...order }, { partialFilterExpression: { status: 'active' } });

const customerNameSchema = new Schema<CustomerNameDocument>(
  { _id: text, merchantId: text, customerId: text, from: text, tags: { type: [String], required: true } },
  { ...options, collection: 'loyalty_customer_names' },
);
customerNameSchema.index({ merchantId: 1, from: 1, _id: 1 });
customerNameSchema.index({ merchantId: 1, tags: 1, from: 1, _id: 1 });

const headcountSchema = new Schema<HeadcountDocument>(
  { _id: text, merchantId: text, change: integer },
  { ...options, collection: 'loyalty_headcounts' },
);
headcountSchema.index({ merchantId: 1 });

const interactionSchema = new Schema<InteractionDocument>(
  {
    _id: text,
    merchantId: text,
    userId: text,
    kind: text,
    programId: String,
    subjectId: String,
    delta: Number,
    source: String,
    isFirst: Boolean,
    scannedAt: Date,
    quiet: Boolean,
    by: { type: String, default: null },
    at: time,
    pending: Boolean,
  },
  { ...options, collection: 'interactions' },
);
interactionSchema.index({ merchantId: 1, userId: 1, at: -1, _id: -1 });
// Holds only what the figures lack.
interactionSchema.index({ pending: 1, merchantId: 1 }, { partialFilterExpression: { pending: true } });

const alertSchema = new Schema<FraudAlertDocument>(
  {
    _id: text,
    window: text,
    kind: text,
    merchantId: text,
    merchantName: text,
    userId: { type: String, default: null },
    limit: integer,
    windowSeconds: integer,
    at: time,
    expiresAt: time,
  },
  { ...options, collection: 'fraud_alerts' },
);
alertSchema.index({ window: 1 }, { unique: true });
for (const merchantId of [{}, { merchantId: 1 }] as const)
  for (const kind of [{}, { kind: 1 }] as const) alertSchema.index({ ...merchantId, ...kind, at: -1, _id: -1 });
alertSchema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

const handPointsSchema = new Schema<HandPointsDocument>(
  { _id: text, merchantId: text, date: text, points: integer, turns: Number, expiresAt: time },
  { ...options, collection: 'hand_points' },
);
handPointsSchema.index({ merchantId: 1, date: 1 });
handPointsSchema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

/** What a business keeps of its customers, beside their cards. */
export interface BookModels {
  customers: Model<CustomerDocument>;
  customerNames: Model<CustomerNameDocument>;
  headcounts: Model<HeadcountDocument>;
  interactions: Model<InteractionDocument>;
  alerts: Model<FraudAlertDocument>;
  handPoints: Model<HandPointsDocument>;
}

export function bookModels({ connection }: Pick<Mongo, 'connection'>): BookModels {
  const { models } = connection;
  return {
    customers: models['LoyaltyCustomer'] ?? connection.model<CustomerDocument>('LoyaltyCustomer', customerSchema),
    customerNames: models['CustomerName'] ?? connection.model<CustomerNameDocument>('CustomerName', customerNameSchema),
    headcounts: models['Headcount'] ?? connection.model<HeadcountDocument>('Headcount', headcountSchema),
    interactions: models['Interaction'] ?? connection.model<InteractionDocument>('Interaction', interactionSchema),
    alerts: models['FraudAlert'] ?? connection.model<FraudAlertDocument>('FraudAlert', alertSchema),
    handPoints: models['HandPoints'] ?? connection.model<HandPointsDocument>('HandPoints', handPointsSchema),
  };
}
