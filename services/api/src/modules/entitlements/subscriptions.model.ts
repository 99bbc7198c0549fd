import type { Subscription, SubscriptionPlan, SubscriptionStatus } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

/** One for each merchant, for its whole life: periods follow one another in it. */
export interface SubscriptionDocument {
  /** The merchant's id. */
  _id: string;
  plan: SubscriptionPlan;
  status: SubscriptionStatus;
  startDate: Date;
  endDate: Date;
  /** The end is so many calendar months after the anchor: counted from the one before, a month's end would creep (31, 28, 28). */
  anchor: Date;
  anchorMonths: number;
  /** Minor units. */
  amount: number;
  /** Of a period that was paid before it begins: when the one before it began, and its price. Absent after a trial, of which nothing was paid. */
  before?: { startDate: Date; amount: number } | null;
  currency: string;
  paymentMethod: Subscription['paymentMethod'];
  transactionId: string | null;
  notes: string | null;
  autoRenew: boolean;
  /** The owner whose wallet pays the next period. */
  payerId: string | null;
  nextPlan: SubscriptionPlan | null;
  /** While a payment is due: since when, when the last attempt is made, and how often it was tried. */
  grace: { since: Date; until: Date; attempts: number } | null;
  /** The newest of the period's reminders, by the days before its end; null before the first. */
  reminded: number | null;
  /** When its merchant was deleted: it is in no list any more, and nothing is done to it. */
  closedAt: Date | null;
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

export interface SubscriptionModels {
  subscriptions: Model<SubscriptionDocument>;
}

const text = { type: String, required: true } as const;
const integer = { type: Number, required: true, validate: Number.isSafeInteger } as const;
const time = { type: Date, required: true } as const;
const flag = { type: Boolean, required: true } as const;

const subscriptionSchema = new Schema<SubscriptionDocument>(
  {
    _id: text,
    plan: text,
    status: text,
    startDate: time,
    endDate: time,
    anchor: time,
    anchorMonths: integer,
    amount: integer,
    before: { type: new Schema({ startDate: time, amount: integer }, { _id: false, strict: 'throw' }), default: null },
    currency: text,
    paymentMethod: { type: String, default: null },
    transactionId: { type: String, default: null },
    notes: { type: String, default: null },
    autoRenew: flag,
    payerId: { type: String, default: null },
    nextPlan: { type: String, default: null },
    grace: { type: new Schema({ since: time, until: time, attempts: integer }, { _id: false, strict: 'throw' }), default: null },
    reminded: { type: Number, default: null },
    closedAt: { type: Date, default: null },
    version: integer,
    createdAt: time,
    updatedAt: time,
  },
  { versionKey: false, strict: 'throw', minimize: false, collection: 'subscriptions' },
);
// The administrators' list, by each thing that one may ask for; what ends first comes first.
for (const fields of [[], ['status'], ['plan'], ['status', 'plan']] as const) {
  subscriptionSchema.index({ closedAt: 1, ...Object.fromEntries(fields.map((field) => [field, 1] as const)), endDate: 1, _id: 1 });
}

export function subscriptionModels({ connection }: Pick<Mongo, 'connection'>): SubscriptionModels {
  return {
    subscriptions: connection.models['Subscription'] ?? connection.model<SubscriptionDocument>('Subscription', subscriptionSchema),
  };
}
