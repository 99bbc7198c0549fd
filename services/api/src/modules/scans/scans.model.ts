import type { Scan } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

/** One scan that counted; none that was refused or repeated is here. */
export interface ScanDocument {
  _id: string;
  merchantId: string;
  programId: string;
  userId: string;
  customerName: string;
  scannedBy: string;
  kind: Scan['kind'];
  outcome: Scan['outcome'];
  isFirst: boolean;
  /** Minor units. */
  amount: number | null;
  /** What the rules gave; 0 also while they wait for approval. */
  points: number;
  enrollmentId?: string;
  pointsId?: string;
  at: Date;
}

/** The last scan of a customer by a business: what two cashiers at once meet at. */
export interface LastScanDocument {
  /** `{merchantId}:{userId}`. */
  _id: string;
  scanId: string;
  at: Date;
}

/** Of a business that is near to its limit: each scan writes it, so that of two at once one runs again and counts the other. */
export interface ScanTurnDocument {
  /** The merchant's id. */
  _id: string;
  turns: number;
}

/** The card of who has no phone along. */
export interface StaticCardDocument {
  /** The user's id. */
  _id: string;
  /** Only the card that names it is good. */
  serial: string;
  createdAt: Date;
}

export interface ScanModels {
  scans: Model<ScanDocument>;
  lastScans: Model<LastScanDocument>;
  scanTurns: Model<ScanTurnDocument>;
  staticCards: Model<StaticCardDocument>;
}

const options = { versionKey: false, strict: 'throw', minimize: false } as const;
const text = { type: String, required: true } as const;
const integer = { type: Number, required: true, validate: Number.isSafeInteger } as const;
const time = { type: Date, required: true } as const;

const scanSchema = new Schema<ScanDocument>(
  {
    _id: text,
    merchantId: text,
    programId: text,
    userId: text,
    customerName: text,
    scannedBy: text,
    kind: text,
    outcome: text,
    isFirst: { type: Boolean, required: true },
    amount: { type: Number, default: null },
    points: integer,
    enrollmentId: String,
    pointsId: String,
    at: time,
  },
  { ...options, collection: 'scans' },
);
// The log, and what the limits count.
scanSchema.index({ merchantId: 1, at: -1, _id: -1 });
scanSchema.index({ merchantId: 1, userId: 1, at: -1, _id: -1 });

const lastScanSchema = new Schema<LastScanDocument>({ _id: text, scanId: text, at: time }, { ...options, collection: 'last_scans' });
const scanTurnSchema = new Schema<ScanTurnDocument>({ _id: text, turns: integer }, { ...options, collection: 'scan_turns' });
const staticCardSchema = new Schema<StaticCardDocument>(
  { _id: text, serial: text, createdAt: time },
  { ...options, collection: 'static_cards' },
);

export function scanModels({ connection }: Pick<Mongo, 'connection'>): ScanModels {
  const { models } = connection;
  return {
    scans: models['Scan'] ?? connection.model<ScanDocument>('Scan', scanSchema),
    lastScans: models['LastScan'] ?? connection.model<LastScanDocument>('LastScan', lastScanSchema),
    scanTurns: models['ScanTurn'] ?? connection.model<ScanTurnDocument>('ScanTurn', scanTurnSchema),
    staticCards: models['StaticCard'] ?? connection.model<StaticCardDocument>('StaticCard', staticCardSchema),
  };
}
