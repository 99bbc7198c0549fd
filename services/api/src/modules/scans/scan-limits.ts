import type { Problem } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import type { Config } from '@tidings/platform';
import type { FraudAlerts } from '../loyalty/index.js';
import type { ScanModels } from './scans.model.js';

export interface ScanLimits {
  /**
   * Before a scan writes anything: a refusal, or what it has to call behind all else that it writes. What counts is the log. Scans of a business share
   * nothing while it is far from its limit. Near to it they take turns, so that no more than the limit pass, however many come at once.
   */
  check(tx: Tx, where: { merchantId: string; merchantName: string; userId: string }): Promise<Problem | (() => Promise<void>)>;
}

const minuteMs = 60_000;
const hourMs = 3_600_000;
/** So many scans below the limit of a business they begin to take turns: more than are under way at one moment. */
export const turnsBelow = 64;

export function createScanLimits(parts: {
  models: Pick<ScanModels, 'scans' | 'scanTurns'>;
  alerts: FraudAlerts;
  config: Pick<Config, 'SCANS_PER_CUSTOMER_PER_HOUR' | 'SCANS_PER_BUSINESS_PER_MINUTE'>;
}): ScanLimits {
  const { models, alerts, config } = parts;
  const { scans, scanTurns } = models;

  /** The times of the newest of the window, those that are `from`-th to `to`-th. */
  const newest = async (
    { session, now }: Tx,
    filter: { merchantId: string; userId?: string },
    { from, to, windowMs }: { from: number; to: number; windowMs: number },
  ): Promise<Date[]> => {
    const since = new Date(now.getTime() - windowMs);
    const found = await scans
      .find({ ...filter, at: { $gt: since } }, { at: 1 }, { session })
      .sort({ at: -1, _id: -1 })
      .skip(from - 1)
      .limit(to - from + 1)
      .lean<{ at: Date }[]>();
    return found.map(({ at }) => at);
  };

  return {
    async check(tx, { merchantId, merchantName, userId }) {
      const refuse = (
        kind: 'scans-of-customer' | 'scans-of-business',
        whom: { userId?: string },
        { limit, windowMs, oldest }: { limit: number; windowMs: number; oldest: Date },
      ): Promise<Problem> =>
        alerts.refuse(tx, {
          kind,
          merchantId,
          merchantName,
          ...whom,
          limit,
          windowSeconds: windowMs / 1_000,
          window: String(Math.floor(tx.now.getTime() / windowMs)),
          retryAfterSeconds: Math.max(1, Math.ceil((oldest.getTime() + windowMs - tx.now.getTime()) / 1_000)),
        });

      const perHour = config.SCANS_PER_CUSTOMER_PER_HOUR;
      const [last] = await newest(tx, { merchantId, userId }, { from: perHour, to: perHour, windowMs: hourMs });
      if (last) return refuse('scans-of-customer', { userId }, { limit: perHour, windowMs: hourMs, oldest: last });

      const perMinute = config.SCANS_PER_BUSINESS_PER_MINUTE;
      const from = Math.max(1, perMinute - turnsBelow);
      const near = await newest(tx, { merchantId }, { from, to: perMinute, windowMs: minuteMs });
      const oldest = near[perMinute - from];
      if (oldest) return refuse('scans-of-business', {}, { limit: perMinute, windowMs: minuteMs, oldest });
      if (from > 1 && near.length === 0) return async () => {};
      return async () => {
        await scanTurns.updateOne({ _id: merchantId }, { $inc: { turns: 1 } }, { session: tx.session, upsert: true });
      };
    },
  };
}
