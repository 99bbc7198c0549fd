import type { EnrollmentStatus, Party } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';
import type { Visit } from '../loyalty/index.js';

export interface EnrollmentDocument {
  _id: string;
  userId: string;
  customerName: string;
  merchantId: string;
  merchantName: string;
  programId: string;
  programName: string;
  status: EnrollmentStatus;
  /** Requested or approved: a customer has one such enrollment in a program. */
  open?: true;
  requestedBy: Party;
  endedBy: Party | null;
  expiresAt: Date | null;
  cardId: string | null;
  /** A scan asked, and nobody else: the figures look how many of these are accepted. */
  askedByScan?: true;
  /** When the business declined: the customer does not ask again for a while. */
  refusedAt?: Date;
  /** The first scan while it was not decided: its visit counts when the customer is enrolled. */
  visit?: Visit;
  /** What the business was told last. It hears no more of a customer who is not with it: not of a block by somebody who left, nor of its end. */
  told: { status: EnrollmentStatus; endedBy: Party | null; version: number; updatedAt: Date };
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

/**
 * What a customer has to say to a business, whatever the program. Everything that begins or ends an enrollment writes it first, so that two at once
 * take turns: what is committed behind a no has seen the no.
 */
export interface ConsentDocument {
  /** `{merchantId}:{userId}`. */
  _id: string;
  merchantId: string;
  userId: string;
  blockedBy: Party[];
  /** Until then the business does not ask. */
  askAgainAt: Date | null;
  turns: number;
}

const options = { versionKey: false, strict: 'throw', minimize: false } as const;
const text = { type: String, required: true } as const;
const integer = { type: Number, required: true, validate: Number.isSafeInteger } as const;
const time = { type: Date, required: true } as const;
const party = { type: String, default: null } as const;

const enrollmentSchema = new Schema<EnrollmentDocument>(
  {
    _id: text,
    userId: text,
    customerName: text,
    merchantId: text,
    merchantName: text,
    programId: text,
    programName: text,
    status: text,
    open: Boolean,
    requestedBy: text,
    endedBy: party,
    expiresAt: { type: Date, default: null },
    cardId: { type: String, default: null },
    askedByScan: Boolean,
    refusedAt: Date,
    visit: new Schema<Visit>({ scanId: text, amount: Number, at: time }, { _id: false, strict: 'throw' }),
    told: {
      type: new Schema({ status: text, endedBy: party, version: integer, updatedAt: time }, { _id: false, strict: 'throw' }),
      required: true,
    },
    version: integer,
    createdAt: time,
    updatedAt: time,
  },
  { ...options, collection: 'enrollments' },
);
enrollmentSchema.index({ userId: 1, programId: 1 }, { unique: true, partialFilterExpression: { open: true } });
for (const fields of [['userId'], ['userId', 'status'], ['userId', 'programId'], ['userId', 'merchantId']] as const)
  enrollmentSchema.index({ ...ascending(fields), createdAt: -1, _id: -1 });
for (const fields of [
  ['merchantId'],
  ['merchantId', 'told.status'],
  ['merchantId', 'programId'],
  ['merchantId', 'programId', 'told.status'],
] as const)
  enrollmentSchema.index({ ...ascending(fields), createdAt: -1, _id: -1 });

function ascending(fields: readonly string[]): Record<string, 1> {
  return Object.fromEntries(fields.map((field) => [field, 1] as const));
}

const consentSchema = new Schema<ConsentDocument>(
  {
    _id: text,
    merchantId: text,
    userId: text,
    blockedBy: { type: [String], required: true },
    askAgainAt: { type: Date, default: null },
    turns: integer,
  },
  { ...options, collection: 'consents' },
);

export interface EnrollmentModels {
  enrollments: Model<EnrollmentDocument>;
  consents: Model<ConsentDocument>;
}

export function enrollmentModels({ connection }: Pick<Mongo, 'connection'>): EnrollmentModels {
  const { models } = connection;
  return {
    enrollments: models['Enrollment'] ?? connection.model<EnrollmentDocument>('Enrollment', enrollmentSchema),
    consents: models['Consent'] ?? connection.model<ConsentDocument>('Consent', consentSchema),
  };
}
