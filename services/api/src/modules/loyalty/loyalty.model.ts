import type { PointsEntry, PointsSource, Program, RedemptionStatus } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';
import { bookModels, type BookModels } from './book.model.js';

export interface ProgramDocument extends Omit<Program, 'id' | 'businessId' | 'businessName' | 'createdAt' | 'updatedAt'> {
  _id: string;
  merchantId: string;
  merchantName: string;
  /** Lower case: a merchant has one program of a name. */
  nameKey: string;
  createdAt: Date;
  updatedAt: Date;
}

export interface RewardDocument {
  _id: string;
  merchantId: string;
  programId: string;
  name: string;
  description: string | null;
  cost: number;
  /** null: nobody counts. */
  stock: number | null;
  isActive: boolean;
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

/** Points that are void at the same instant. */
export interface Lot {
  expiresAt: Date;
  points: number;
}

export interface CardDocument {
  _id: string;
  userId: string;
  customerName: string;
  merchantId: string;
  merchantName: string;
  programId: string;
  programName: string;
  status: 'active' | 'closed';
  /** As in the ledger's account of this user and program, which guards it. */
  balance: number;
  held: number;
  lifetime: number;
  tier: string | null;
  visits: number;
  lastVisitAt: Date | null;
  /** What of the balance has an end, the first end first; the rest stays. */
  lots: Lot[];
  /** What rules gave on that day of the merchant's calendar, for the cap. */
  earned: { date: string; points: number };
  /** When it was opened again; missing: it was never closed. */
  openedAt?: Date;
  /** The `lifetime` of which the business heard last, when the card was closed: what comes later is not its matter until the customer is back. */
  toldLifetime?: number;
  /** What of `held` orders take that went back, when it comes back to the balance: see `takeOwed`. */
  owed?: { orderId: string; points: number }[];
  /** How many changes were proposed; written with each, so that a card that is closed meanwhile meets it. */
  proposals: number;
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

export interface PointsDocument {
  _id: string;
  cardId: string;
  userId: string;
  merchantId: string;
  merchantName: string;
  programId: string;
  programName: string;
  delta: number;
  reason: string;
  source: PointsSource;
  status: PointsEntry['status'];
  /** Of the card right after; missing while nothing moved. */
  balance?: number;
  /** The lots that it added, or took from: reversing it needs them. */
  lots: Lot[];
  orderId?: string;
  /** Of an order: the rules by which it earned. When a part of its price goes back, they say what stays, whatever the program says by then. */
  terms?: Pick<ProgramDocument, 'rules' | 'bonus'>;
  scanId?: string;
  redemptionId?: string;
  reversalOf?: string;
  /** It moved when the customer had left: the business does not see it, also not when the customer is back. */
  quiet?: true;
  /** Who asked for it; null: the system. */
  by: string | null;
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

export interface RedemptionDocument {
  _id: string;
  cardId: string;
  userId: string;
  customerName: string;
  merchantId: string;
  merchantName: string;
  programId: string;
  rewardId: string;
  rewardName: string;
  cost: number;
  /** Whether one was taken from the stock, which then gets it back. */
  fromStock: boolean;
  status: RedemptionStatus;
  /** What was taken from the card's lots, to be put back when it comes to nothing. */
  lots: Lot[];
  expiresAt: Date;
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

/** What a transfer of points says of itself. */
export interface PointsFacts {
  type: PointsSource;
  description: string;
  cardId: string;
  pointsId?: string;
  redemptionId?: string;
}

const options = { versionKey: false, strict: 'throw', minimize: false } as const;
const text = { type: String, required: true } as const;
const integer = { type: Number, required: true, validate: Number.isSafeInteger } as const;
const time = { type: Date, required: true } as const;
const flag = { type: Boolean, required: true } as const;
const mixed = { type: Schema.Types.Mixed, required: true } as const;
const times = { version: integer, createdAt: time, updatedAt: time } as const;
const lots = { type: [new Schema<Lot>({ expiresAt: time, points: integer }, { _id: false, strict: 'throw' })], required: true } as const;

const programSchema = new Schema<ProgramDocument>(
  {
    _id: text,
    merchantId: text,
    merchantName: text,
    name: text,
    nameKey: text,
    description: { type: String, default: null },
    enrollment: text,
    rules: mixed,
    bonus: mixed,
    capPerDay: { type: Number, default: null },
    tiers: mixed,
    expiry: { type: Schema.Types.Mixed, default: null },
    approval: mixed,
    isActive: flag,
    ...times,
  },
  { ...options, collection: 'programs' },
);
programSchema.index({ merchantId: 1, nameKey: 1 }, { unique: true });
programSchema.index({ merchantId: 1, createdAt: -1, _id: -1 });

const rewardSchema = new Schema<RewardDocument>(
  {
    _id: text,
    merchantId: text,
    programId: text,
    name: text,
    description: { type: String, default: null },
    cost: integer,
    stock: { type: Number, default: null },
    isActive: flag,
    ...times,
  },
  { ...options, collection: 'rewards' },
);
rewardSchema.index({ merchantId: 1, createdAt: -1, _id: -1 });
rewardSchema.index({ merchantId: 1, programId: 1, createdAt: -1, _id: -1 });

const cardSchema = new Schema<CardDocument>(
  {
    _id: text,
    userId: text,
    customerName: text,
    merchantId: text,
    merchantName: text,
    programId: text,
    programName: text,
    status: text,
    balance: integer,
    held: integer,
    lifetime: integer,
    tier: { type: String, default: null },
    visits: integer,
    lastVisitAt: { type: Date, default: null },
    lots,
    earned: { type: new Schema({ date: text, points: integer }, { _id: false, strict: 'throw' }), required: true },
    owed: { type: [new Schema({ orderId: text, points: integer }, { _id: false, strict: 'throw' })], default: undefined },
    openedAt: Date,
    toldLifetime: Number,
    proposals: integer,
    ...times,
  },
  { ...options, collection: 'cards' },
);
cardSchema.index({ userId: 1, programId: 1 }, { unique: true });
cardSchema.index({ userId: 1, createdAt: -1, _id: -1 });
cardSchema.index({ userId: 1, merchantId: 1, createdAt: -1, _id: -1 });
// All of a merchant, one batch after the other.
cardSchema.index({ merchantId: 1, _id: 1 });

const pointsSchema = new Schema<PointsDocument>(
  {
    _id: text,
    cardId: text,
    userId: text,
    merchantId: text,
    merchantName: text,
    programId: text,
    programName: text,
    delta: integer,
    reason: text,
    source: text,
    status: text,
    balance: Number,
    lots,
    orderId: String,
    terms: { type: Schema.Types.Mixed },
    scanId: String,
    redemptionId: String,
    reversalOf: String,
    quiet: Boolean,
    by: { type: String, default: null },
    ...times,
  },
  { ...options, collection: 'points' },
);
pointsSchema.index({ userId: 1, createdAt: -1, _id: -1 });
pointsSchema.index({ userId: 1, status: 1, createdAt: -1, _id: -1 });
pointsSchema.index({ cardId: 1, createdAt: -1, _id: -1 });
pointsSchema.index({ cardId: 1, status: 1, createdAt: -1, _id: -1 });
pointsSchema.index({ orderId: 1 }, { sparse: true });

const redemptionSchema = new Schema<RedemptionDocument>(
  {
    _id: text,
    cardId: text,
    userId: text,
    customerName: text,
    merchantId: text,
    merchantName: text,
    programId: text,
    rewardId: text,
    rewardName: text,
    cost: integer,
    fromStock: flag,
    status: text,
    lots,
    expiresAt: time,
    ...times,
  },
  { ...options, collection: 'redemptions' },
);
redemptionSchema.index({ cardId: 1 }, { partialFilterExpression: { status: 'requested' } });
for (const owner of ['userId', 'merchantId'] as const) {
  redemptionSchema.index({ [owner]: 1, createdAt: -1, _id: -1 });
  redemptionSchema.index({ [owner]: 1, status: 1, createdAt: -1, _id: -1 });
}

export interface LoyaltyModels extends BookModels {
  programs: Model<ProgramDocument>;
  rewards: Model<RewardDocument>;
  cards: Model<CardDocument>;
  points: Model<PointsDocument>;
  redemptions: Model<RedemptionDocument>;
}

export function loyaltyModels(mongo: Pick<Mongo, 'connection'>): LoyaltyModels {
  const { connection } = mongo;
  const { models } = connection;
  return {
    ...bookModels(mongo),
    programs: models['Program'] ?? connection.model<ProgramDocument>('Program', programSchema),
    rewards: models['Reward'] ?? connection.model<RewardDocument>('Reward', rewardSchema),
    cards: models['Card'] ?? connection.model<CardDocument>('Card', cardSchema),
    points: models['Points'] ?? connection.model<PointsDocument>('Points', pointsSchema),
    redemptions: models['Redemption'] ?? connection.model<RedemptionDocument>('Redemption', redemptionSchema),
  };
}
