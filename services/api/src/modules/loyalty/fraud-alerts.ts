import { Problem, type EventData } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { newId } from '@tidings/platform';
import type { LoyaltyModels } from './loyalty.model.js';

/** What went past which limit, and where. */
export interface Excess {
  kind: EventData<'fraud-alert'>['kind'];
  merchantId: string;
  merchantName: string;
  /** Where one customer is concerned. */
  userId?: string;
  limit: number;
  windowSeconds: number;
  /** Names the window, so that administrators hear once of it. */
  window: string;
  /** When there is room again. */
  retryAfterSeconds: number;
}

export interface FraudAlerts {
  /**
   * Tells administrators, once for each window, and writes it to the audit log. Nothing else may have been written: the refusal is answered,
   * not thrown, so that the alert is kept.
   */
  refuse(tx: Tx, excess: Excess): Promise<Problem>;
}

/** Behind the end of any window. */
const keptMs = 3 * 86_400_000;

export function createFraudAlerts({ alerts }: Pick<LoyaltyModels, 'alerts'>): FraudAlerts {
  return {
    async refuse(tx, { kind, merchantId, merchantName, userId, limit, windowSeconds, window, retryAfterSeconds }) {
      const alertId = newId();
      const whom = userId === undefined ? {} : { userId };
      // By an upsert: of two refusals at once one conflicts, runs again and finds the other's alert.
      const { upsertedCount } = await alerts.updateOne(
        { _id: [kind, merchantId, ...(userId === undefined ? [] : [userId]), window].join(':') },
        { $setOnInsert: { alertId, at: tx.now, expiresAt: new Date(tx.now.getTime() + keptMs) } },
        { session: tx.session, upsert: true },
      );
      if (upsertedCount > 0) {
        tx.emit('fraud-alert', { alertId, businessId: merchantId, businessName: merchantName, ...whom, kind, limit, windowSeconds }, {});
        await tx.audit({ action: 'fraud.alert', target: `merchant:${merchantId}`, details: { alertId, kind, limit, ...whom } });
      }
      return new Problem('rate-limited', `At most ${limit} in ${windowSeconds} s`, { retryAfterSeconds });
    },
  };
}
