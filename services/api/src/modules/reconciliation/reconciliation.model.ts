import type { DifferenceKind, Reconciliation, TopUp } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

export interface ReconciliationDocument {
  _id: string;
  provider: TopUp['provider'];
  from: Date;
  to: Date;
  status: Reconciliation['status'];
  payments: number;
  topUps: number;
  differences: number;
  failure?: string;
  requestedBy: string | null;
  version: number;
  createdAt: Date;
}

/** What one side knows of a payment; minor units. */
export interface OurSide {
  status: string;
  credited: number;
  refunded: number;
  currency: string;
  at: Date;
}

export interface TheirSide {
  providerRef: string;
  amount: number;
  refunded: number;
  currency: string;
  at: Date;
}

export interface DifferenceDocument {
  /** `{reconciliation}:{kind}:{the top-up or the provider's payment}`. */
  _id: string;
  reconciliationId: string;
  /** One go at the comparison: what a go that died has found does not count. */
  attempt: string;
  provider: TopUp['provider'];
  kind: DifferenceKind;
  topUpId?: string;
  userId?: string;
  ours?: OurSide;
  theirs?: TheirSide;
  /** Of the payment; a later comparison of this time closes it. */
  at: Date;
  /** Set when the comparison is complete, until a later one has looked at the same time. */
  open: boolean;
}

/** A top-up that the provider has listed, while a comparison runs: kept here, as the memory of a process has a bound. */
interface SeenDocument {
  _id: string;
  attempt: string;
  at: Date;
}

export interface ReconciliationModels {
  reconciliations: Model<ReconciliationDocument>;
  differences: Model<DifferenceDocument>;
  seen: Model<SeenDocument>;
}

const options = { versionKey: false, strict: 'throw' } as const;
const text = { type: String, required: true } as const;
const number = { type: Number, required: true } as const;
const time = { type: Date, required: true } as const;

const reconciliationSchema = new Schema<ReconciliationDocument>(
  {
    _id: text,
    provider: text,
    from: time,
    to: time,
    status: text,
    payments: number,
    topUps: number,
    differences: number,
    failure: String,
    requestedBy: { type: String, default: null },
    version: number,
    createdAt: time,
  },
  { ...options, collection: 'reconciliations' },
);
reconciliationSchema.index({ createdAt: -1, _id: -1 });
reconciliationSchema.index({ provider: 1, createdAt: -1, _id: -1 });

const side = { refunded: number, currency: text, at: time } as const;
const differenceSchema = new Schema<DifferenceDocument>(
  {
    _id: text,
    reconciliationId: text,
    attempt: text,
    provider: text,
    kind: text,
    topUpId: String,
    userId: String,
    ours: new Schema({ ...side, status: text, credited: number }, { _id: false, strict: 'throw' }),
    theirs: new Schema({ ...side, providerRef: text, amount: number }, { _id: false, strict: 'throw' }),
    at: time,
    open: { type: Boolean, required: true },
  },
  { ...options, collection: 'reconciliation_differences' },
);
differenceSchema.index({ reconciliationId: 1, _id: 1 });
differenceSchema.index({ reconciliationId: 1, kind: 1, _id: 1 });
differenceSchema.index({ provider: 1, at: 1 }, { partialFilterExpression: { open: true } });

const seenSchema = new Schema<SeenDocument>({ _id: text, attempt: text, at: time }, { ...options, collection: 'reconciliation_seen' });
seenSchema.index({ attempt: 1 });
// What a go that died has left.
seenSchema.index({ at: 1 }, { expireAfterSeconds: 86_400 });

export function reconciliationModels({ connection }: Pick<Mongo, 'connection'>): ReconciliationModels {
  return {
    reconciliations:
      connection.models['Reconciliation'] ?? connection.model<ReconciliationDocument>('Reconciliation', reconciliationSchema),
    differences: connection.models['Difference'] ?? connection.model<DifferenceDocument>('Difference', differenceSchema),
    seen: connection.models['SeenPayment'] ?? connection.model<SeenDocument>('SeenPayment', seenSchema),
  };
}
