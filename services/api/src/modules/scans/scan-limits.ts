import type { Problem } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import type { Config } from '@tidings/platform';
import type { FraudAlerts } from '../loyalty/index.js';
import type { ScanModels } from './scans.model.js';

export interface ScanLimits {
  /**
   * Before a scan writes anything; null: it may. It counts what the log has, so that scans of a busy business write nothing in common: of many at
   * once a few may come to more than the business's limit together, never more than the customer's.
   */
  check(tx: Tx, where: { merchantId: string; merchantName: string; userId: string }): Promise<Problem | null>;
}

const minuteMs = 60_000;
const hourMs = 3_600_000;

export function createScanLimits(parts: {
  models: Pick<ScanModels, 'scans'>;
  alerts: FraudAlerts;
  config: Pick<Config, 'SCANS_PER_CUSTOMER_PER_HOUR' | 'SCANS_PER_BUSINESS_PER_MINUTE'>;
}): ScanLimits {
  const { models, alerts, config } = parts;

  /** Milliseconds until there is room; null when there is. */
  const fullFor = async ({ session, now }: Tx, filter: { merchantId: string; userId?: string }, limit: number, windowMs: number) => {
    const since = new Date(now.getTime() - windowMs);
    const [nth] = await models.scans
      .find({ ...filter, at: { $gt: since } }, { at: 1 }, { session })
      .sort({ at: -1, _id: -1 })
      .skip(limit - 1)
      .limit(1)
      .lean<{ at: Date }[]>();
    return nth ? nth.at.getTime() + windowMs - now.getTime() : null;
  };

  return {
    async check(tx, { merchantId, merchantName, userId }) {
      const refusal = async (
        kind: 'scans-of-customer' | 'scans-of-business',
        whom: { userId?: string },
        limit: number,
        windowMs: number,
      ): Promise<Problem | null> => {
        const leftMs = await fullFor(tx, { merchantId, ...whom }, limit, windowMs);
        if (leftMs === null) return null;
        return alerts.refuse(tx, {
          kind,
          merchantId,
          merchantName,
          ...whom,
          limit,
          windowSeconds: windowMs / 1_000,
          window: String(Math.floor(tx.now.getTime() / windowMs)),
          retryAfterSeconds: Math.max(1, Math.ceil(leftMs / 1_000)),
        });
      };
      return (
        (await refusal('scans-of-customer', { userId }, config.SCANS_PER_CUSTOMER_PER_HOUR, hourMs)) ??
        (await refusal('scans-of-business', {}, config.SCANS_PER_BUSINESS_PER_MINUTE, minuteMs))
      );
    },
  };
}
