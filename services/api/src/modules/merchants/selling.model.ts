import type { HoursException, OpeningHours, UnclaimedRule } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

/**
 * When a merchant sells. Apart from the merchant, and read by each order, written by none: what all orders of a busy vendor wrote would
 * make them conflict. A merchant that has set nothing has none.
 */
export interface SellingDocument {
  /** The merchant's id. */
  _id: string;
  hours: OpeningHours | null;
  exceptions: HoursException[];
  pause: { until: Date | null } | null;
  unclaimed: UnclaimedRule | null;
  /** By hours and pause, until `nextChangeAt`: then the scheduled job writes it anew. */
  open: boolean;
  paused: boolean;
  nextChangeAt: Date | null;
  version: number;
  updatedAt: Date;
}

export interface SellingModels {
  sellings: Model<SellingDocument>;
}

const sellingSchema = new Schema<SellingDocument>(
  {
    _id: { type: String, required: true },
    hours: { type: Schema.Types.Mixed, default: null },
    exceptions: { type: Schema.Types.Mixed, required: true },
    pause: { type: Schema.Types.Mixed, default: null },
    unclaimed: { type: Schema.Types.Mixed, default: null },
    open: { type: Boolean, required: true },
    paused: { type: Boolean, required: true },
    nextChangeAt: { type: Date, default: null },
    version: { type: Number, required: true, validate: Number.isSafeInteger },
    updatedAt: { type: Date, required: true },
  },
  { versionKey: false, strict: 'throw', minimize: false, collection: 'selling' },
);

export function sellingModels({ connection }: Pick<Mongo, 'connection'>): SellingModels {
  return { sellings: connection.models['Selling'] ?? connection.model<SellingDocument>('Selling', sellingSchema) };
}
