import type { BulkAction, BulkFilter, BulkOperation, BulkResult, BulkStatus, SubscriptionPlan } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

export interface BulkOperationDocument {
  _id: string;
  action: BulkAction;
  status: BulkStatus;
  /** Of the action `plan`. */
  plan?: SubscriptionPlan;
  reason?: string;
  /** Of what is not named by ids. */
  filter?: BulkFilter;
  /** Where the next page of the filter begins; null when all are collected. */
  collectFrom?: string | null;
  /** How often it was begun: the steps of an earlier run are void. */
  run: number;
  total: number;
  succeeded: number;
  failed: number;
  failures: BulkOperation['failures'];
  /** When its progress was told last. */
  toldAt: Date;
  createdBy: string;
  version: number;
  createdAt: Date;
  updatedAt: Date;
  completedAt: Date | null;
}

/** One merchant of an operation, and what became of it. */
export interface BulkItemDocument {
  /** `{operation}:{merchant}`: no merchant is twice in one. */
  _id: string;
  operationId: string;
  merchantId: string;
  /** Its turn. */
  seq: number;
  state: BulkResult['state'];
  changed?: boolean;
  code?: string;
  message?: string;
  at: Date | null;
  expiresAt: Date;
}

/** What a member is to be told, once: gathered while the operation goes on. */
export interface BulkTellingDocument {
  /** `{operation}:{user}`. */
  _id: string;
  operationId: string;
  userId: string;
  count: number;
  names: string[];
  toldAt: Date | null;
  expiresAt: Date;
}

export interface BulkModels {
  operations: Model<BulkOperationDocument>;
  items: Model<BulkItemDocument>;
  tellings: Model<BulkTellingDocument>;
}

const options = { versionKey: false, strict: 'throw', minimize: false } as const;
const text = { type: String, required: true } as const;
const integer = { type: Number, required: true, validate: Number.isSafeInteger } as const;
const time = { type: Date, required: true } as const;

const operationSchema = new Schema<BulkOperationDocument>(
  {
    _id: text,
    action: text,
    status: text,
    plan: String,
    reason: String,
    filter: Schema.Types.Mixed,
    collectFrom: String,
    run: integer,
    total: integer,
    succeeded: integer,
    failed: integer,
    failures: { type: Schema.Types.Mixed, required: true },
    toldAt: time,
    createdBy: text,
    version: integer,
    createdAt: time,
    updatedAt: time,
    completedAt: { type: Date, default: null },
  },
  { ...options, collection: 'bulk_operations' },
);
operationSchema.index({ createdAt: -1, _id: -1 });

const itemSchema = new Schema<BulkItemDocument>(
  {
    _id: text,
    operationId: text,
    merchantId: text,
    seq: integer,
    state: text,
    changed: Boolean,
    code: String,
    message: String,
    at: { type: Date, default: null },
    expiresAt: time,
  },
  { ...options, collection: 'bulk_items' },
);
itemSchema.index({ operationId: 1, seq: 1, _id: 1 });
itemSchema.index({ operationId: 1, state: 1, seq: 1, _id: 1 });
itemSchema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

const tellingSchema = new Schema<BulkTellingDocument>(
  {
    _id: text,
    operationId: text,
    userId: text,
    count: integer,
    names: { type: [String], required: true },
    toldAt: { type: Date, default: null },
    expiresAt: time,
  },
  { ...options, collection: 'bulk_tellings' },
);
tellingSchema.index({ operationId: 1, toldAt: 1, _id: 1 });
tellingSchema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

export function bulkModels({ connection }: Pick<Mongo, 'connection'>): BulkModels {
  return {
    operations: connection.models['BulkOperation'] ?? connection.model<BulkOperationDocument>('BulkOperation', operationSchema),
    items: connection.models['BulkItem'] ?? connection.model<BulkItemDocument>('BulkItem', itemSchema),
    tellings: connection.models['BulkTelling'] ?? connection.model<BulkTellingDocument>('BulkTelling', tellingSchema),
  };
}
