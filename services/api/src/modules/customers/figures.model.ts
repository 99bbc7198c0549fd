import type { AnalyticsCounters } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

/** What is so now, of one merchant. */
export interface FiguresDocument {
  /** The merchant's id. */
  _id: string;
  customers: number;
  /** Points. */
  outstanding: number;
  /** Grows with each round that counted something, in whichever day. */
  version: number;
}

/** What happened on one day of the merchant's calendar; a counter that is missing is 0. */
export interface FiguresDayDocument extends Partial<AnalyticsCounters> {
  /** `{merchantId}:{date}`: days are read as a range of ids. */
  _id: string;
  merchantId: string;
  date: string;
  /** Requests that scans made on that day, and how many of these were accepted, whenever. */
  scanRequests?: number;
  scanAccepted?: number;
  /** Scans by hour, 0 to 23. */
  hours?: Record<string, number>;
}

const options = { versionKey: false, strict: 'throw', minimize: false } as const;
const text = { type: String, required: true } as const;
const integer = { type: Number, required: true, validate: Number.isSafeInteger } as const;

const figuresSchema = new Schema<FiguresDocument>(
  { _id: text, customers: integer, outstanding: integer, version: integer },
  { ...options, collection: 'loyalty_figures' },
);
const daySchema = new Schema<FiguresDayDocument>(
  {
    _id: text,
    merchantId: text,
    date: text,
    scans: Number,
    newCustomers: Number,
    returning: Number,
    enrollmentsRequested: Number,
    enrolled: Number,
    scanRequests: Number,
    scanAccepted: Number,
    issued: Number,
    reversed: Number,
    redeemed: Number,
    expired: Number,
    hours: Schema.Types.Mixed,
  },
  { ...options, collection: 'loyalty_figure_days' },
);

export interface FiguresModels {
  figures: Model<FiguresDocument>;
  days: Model<FiguresDayDocument>;
}

export function figuresModels({ connection }: Pick<Mongo, 'connection'>): FiguresModels {
  const { models } = connection;
  return {
    figures: models['LoyaltyFigures'] ?? connection.model<FiguresDocument>('LoyaltyFigures', figuresSchema),
    days: models['LoyaltyFiguresDay'] ?? connection.model<FiguresDayDocument>('LoyaltyFiguresDay', daySchema),
  };
}

export const dayId = (merchantId: string, date: string): string => `${merchantId}:${date}`;
