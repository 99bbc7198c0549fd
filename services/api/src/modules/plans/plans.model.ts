import type { FieldChange, Plan, PlanVersion, PlanWithdrawal } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

export interface PlanDocument {
  _id: string;
  name: string;
  /** How the name is found: without accents, in lower case. */
  nameKey: string;
  description: string | null;
  /** Basis points of the principal, over the whole duration. */
  roiBp: number;
  /** Days. */
  duration: number;
  /** Minor units, as all amounts here. */
  minAmount: number;
  maxAmount: number | null;
  currency: string;
  capacity: number | null;
  publishAt: Date | null;
  published: boolean;
  /** The first version that everybody may see. */
  publishedVersion?: number;
  version: number;
  /** The version that brought the present ROI and duration: an investment that follows an older one has to catch up. */
  termsVersion: number;
  /** Principal and number of the active investments. Whoever invests writes them, and so meets whoever changes or withdraws the plan. */
  invested: number;
  active: number;
  /** Principal of another plan's investments that are on their way here. */
  reserved: number;
  /** Whether anybody has ever invested: then the currency stays. */
  used?: true;
  createdAt: Date;
  updatedAt: Date;
  deletedAt: Date | null;
  /** Of a deleted plan: what becomes of its investments. `reserved`: what the plan `to` has set aside for those that have not moved yet. */
  withdrawal?: { mode: Exclude<PlanWithdrawal['investments'], 'refuse'>; to?: string; reserved?: number };
}

/** One version, kept for ever. */
export interface PlanVersionDocument {
  /** `{planId}:{version}` */
  _id: string;
  planId: string;
  version: number;
  action: PlanVersion['action'];
  at: Date;
  by?: { userId: string; email: string };
  /** Of a machine, in the place of `by`. */
  keyId?: string;
  changes: FieldChange[];
  restored?: number;
  /** As GET showed it. */
  plan: Plan;
}

export interface PlanModels {
  plans: Model<PlanDocument>;
  planVersions: Model<PlanVersionDocument>;
}

const options = { versionKey: false, strict: 'throw', minimize: false } as const;
const text = { type: String, required: true } as const;
const integer = { type: Number, required: true, validate: Number.isSafeInteger } as const;
const limit = { type: Number, default: null } as const;
const time = { type: Date, required: true } as const;
const flag = { type: Boolean, required: true } as const;
const mixed = { type: Schema.Types.Mixed, required: true } as const;

const planSchema = new Schema<PlanDocument>(
  {
    _id: text,
    name: text,
    nameKey: text,
    description: { type: String, default: null },
    roiBp: integer,
    duration: integer,
    minAmount: integer,
    maxAmount: limit,
    currency: text,
    capacity: limit,
    publishAt: { type: Date, default: null },
    published: flag,
    publishedVersion: Number,
    version: integer,
    termsVersion: integer,
    invested: integer,
    active: integer,
    reserved: integer,
    used: Boolean,
    createdAt: time,
    updatedAt: time,
    deletedAt: { type: Date, default: null },
    withdrawal: new Schema({ mode: text, to: String, reserved: Number }, { _id: false, strict: 'throw' }),
  },
  { ...options, collection: 'plans' },
);
// Of administrators, who see all, and of everybody; with and without a currency; newest first, and by name.
for (const seen of [{ deletedAt: 1 }, { deletedAt: 1, published: 1 }] as const) {
  for (const filtered of [{}, { currency: 1 }] as const) {
    planSchema.index({ ...seen, ...filtered, createdAt: -1, _id: -1 });
    planSchema.index({ ...seen, ...filtered, nameKey: 1, _id: 1 });
  }
}

const planVersionSchema = new Schema<PlanVersionDocument>(
  {
    _id: text,
    planId: text,
    version: integer,
    action: text,
    at: time,
    by: new Schema({ userId: text, email: text }, { _id: false, strict: 'throw' }),
    keyId: String,
    changes: mixed,
    restored: Number,
    plan: mixed,
  },
  { ...options, collection: 'plan_versions' },
);
planVersionSchema.index({ planId: 1, version: -1 }, { unique: true });

export function planModels({ connection }: Pick<Mongo, 'connection'>): PlanModels {
  return {
    plans: connection.models['Plan'] ?? connection.model<PlanDocument>('Plan', planSchema),
    planVersions: connection.models['PlanVersion'] ?? connection.model<PlanVersionDocument>('PlanVersion', planVersionSchema),
  };
}
