import type { Logger, Metrics, Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';
import { pointsBooks } from '../loyalty/index.js';
import { ledgerSums, type LedgerSums } from '../wallet/index.js';

/** What one look at the whole ledger found. */
export interface LedgerCheckDocument {
  /** The beginning of the hour that it stands for. */
  _id: string;
  at: Date;
  sound: boolean;
  /** Sums of all postings, minor units; `points` has what all programs' sums are off by. Each must be 0. */
  byCurrency: { currency: string; sum: number }[];
  unbalanced: number;
  differing: number;
  negative: number;
  heldDiffers: number;
  expiresAt: Date;
}

export interface LedgerChecks {
  /** Reads the whole ledger, of money and of points, keeps the result, and logs an error when it is not sound: then something has written past the ledger. */
  run(period: Date): Promise<LedgerCheckDocument>;
}

const keptMs = 90 * 86_400_000;
/** Of what is wrong, for the log: enough to begin the search with. */
const named = 20;

const text = { type: String, required: true } as const;
const number = { type: Number, required: true } as const;
const time = { type: Date, required: true } as const;
const schema = new Schema<LedgerCheckDocument>(
  {
    _id: text,
    at: time,
    sound: { type: Boolean, required: true },
    byCurrency: { type: [{ _id: false, currency: text, sum: number }], required: true },
    unbalanced: number,
    differing: number,
    negative: number,
    heldDiffers: number,
    expiresAt: time,
  },
  { versionKey: false, strict: 'throw', collection: 'ledger_checks' },
);
schema.index({ at: -1 });
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

export function ledgerCheckModel({ connection }: Pick<Mongo, 'connection'>): Model<LedgerCheckDocument> {
  return connection.models['LedgerCheck'] ?? connection.model<LedgerCheckDocument>('LedgerCheck', schema);
}

export function createLedgerChecks({ mongo, logger }: { mongo: Mongo; logger: Logger }): LedgerChecks {
  const checks = ledgerCheckModel(mongo);
  return {
    async run(period) {
      const at = new Date();
      const sums = together(await ledgerSums(mongo), await ledgerSums(mongo, pointsBooks));
      const check = { ...countsOf(sums), _id: period.toISOString(), at, expiresAt: new Date(at.getTime() + keptMs) };
      await checks.replaceOne({ _id: check._id }, check, { upsert: true });
      if (!check.sound) {
        const { byCurrency, unbalancedTransfers, differing, negative, heldDiffers } = sums;
        logger.error(
          {
            byCurrency,
            unbalancedTransfers: unbalancedTransfers.slice(0, named),
            differing: differing.slice(0, named),
            negative: negative.slice(0, named),
            heldDiffers: heldDiffers.slice(0, named),
          },
          'The ledger is not sound: something was written past it',
        );
      }
      return check;
    },
  };
}

/** Each program's points are a unit of their own: too many for a gauge each. */
function together(money: LedgerSums, points: LedgerSums): LedgerSums {
  const off = Object.values(points.byCurrency);
  return {
    byCurrency: { ...money.byCurrency, ...(off.length > 0 ? { points: off.reduce((sum, one) => sum + Math.abs(one), 0) } : {}) },
    unbalancedTransfers: [...money.unbalancedTransfers, ...points.unbalancedTransfers],
    differing: [...money.differing, ...points.differing],
    negative: [...money.negative, ...points.negative],
    heldDiffers: [...money.heldDiffers, ...points.heldDiffers],
  };
}

function countsOf(sums: LedgerSums): Omit<LedgerCheckDocument, '_id' | 'at' | 'expiresAt'> {
  const byCurrency = Object.entries(sums.byCurrency).map(([currency, sum]) => ({ currency, sum }));
  const counts = {
    unbalanced: sums.unbalancedTransfers.length,
    differing: sums.differing.length,
    negative: sums.negative.length,
    heldDiffers: sums.heldDiffers.length,
  };
  const sound = byCurrency.every(({ sum }) => sum === 0) && Object.values(counts).every((count) => count === 0);
  return { byCurrency, ...counts, sound };
}

/** Every replica shows the result that was stored last, whichever of them it was that looked. */
export function exposeLedgerChecks({ mongo, metrics }: { mongo: Mongo; metrics: Metrics }): void {
  const checks = ledgerCheckModel(mongo);
  const last = () => checks.findOne({}).sort({ at: -1 }).lean<LedgerCheckDocument>();
  metrics.gauge(
    'ledger_sum',
    'Of all postings in the ledger, minor units, and of all points; anything but 0 is a fault',
    ['currency'],
    async (gauge) => {
      for (const { currency, sum } of (await last())?.byCurrency ?? []) gauge.set({ currency }, sum);
    },
  );
  const counts = [
    ['ledger_unbalanced_transfers', 'Transfers whose postings do not sum to zero', ({ unbalanced }: LedgerCheckDocument) => unbalanced],
    [
      'ledger_differing_accounts',
      'Accounts whose balance is not that of their postings',
      ({ differing }: LedgerCheckDocument) => differing,
    ],
    ['ledger_negative_accounts', 'Accounts of users, merchants and holds below zero', ({ negative }: LedgerCheckDocument) => negative],
    [
      'ledger_held_differs',
      'Users whose held amount is not that of their hold account',
      ({ heldDiffers }: LedgerCheckDocument) => heldDiffers,
    ],
    ['ledger_checked_timestamp_seconds', 'When the whole ledger was checked last', ({ at }: LedgerCheckDocument) => at.getTime() / 1_000],
  ] as const;
  for (const [name, help, value] of counts) {
    metrics.gauge(name, help, [], async (gauge) => {
      const check = await last();
      if (check) gauge.set(value(check));
    });
  }
}
