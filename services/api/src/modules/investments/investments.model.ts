import type { Investment } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

export interface InvestmentDocument {
  _id: string;
  userId: string;
  planId: string;
  planName: string;
  /** Minor units. */
  amount: number;
  currency: string;
  /** The terms that it follows: basis points, days, and the version of the plan that brought them. */
  roiBp: number;
  duration: number;
  termsVersion: number;
  status: Investment['status'];
  maturesAt: Date;
  endedAt: Date | null;
  version: number;
  /** The term begins here. */
  createdAt: Date;
  updatedAt: Date;
}

export interface InvestmentModels {
  investments: Model<InvestmentDocument>;
}

const text = { type: String, required: true } as const;
const integer = { type: Number, required: true, validate: Number.isSafeInteger } as const;
const time = { type: Date, required: true } as const;

const investmentSchema = new Schema<InvestmentDocument>(
  {
    _id: text,
    userId: text,
    planId: text,
    planName: text,
    amount: integer,
    currency: text,
    roiBp: integer,
    duration: integer,
    termsVersion: integer,
    status: text,
    maturesAt: time,
    endedAt: { type: Date, default: null },
    version: integer,
    createdAt: time,
    updatedAt: time,
  },
  { versionKey: false, strict: 'throw', collection: 'investments' },
);
// The lists of a user and of administrators, by each thing that one may ask for, newest first.
for (const fields of [[], ['status'], ['userId'], ['userId', 'status'], ['planId'], ['planId', 'status'], ['userId', 'planId']] as const) {
  investmentSchema.index({ ...Object.fromEntries(fields.map((field) => [field, 1] as const)), createdAt: -1, _id: -1 });
}
// Those that have to catch up with their plan, or to leave it. What has ended is not in it.
investmentSchema.index({ planId: 1, termsVersion: 1, _id: 1 }, { partialFilterExpression: { status: 'ACTIVE' }, name: 'active' });

export function investmentModels({ connection }: Pick<Mongo, 'connection'>): InvestmentModels {
  return { investments: connection.models['Investment'] ?? connection.model<InvestmentDocument>('Investment', investmentSchema) };
}
