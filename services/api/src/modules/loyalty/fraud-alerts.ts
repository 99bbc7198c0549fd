import { Problem, type FraudAlert, type FraudAlertsQuery } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { newId } from '@tidings/platform';
import type { Paged } from '../../http/lists.js';
import { newestAt, readOrdered } from '../../http/ordered.js';
import type { FraudAlertDocument } from './book.model.js';
import type { LoyaltyModels } from './loyalty.model.js';
import { presentFraudAlert } from './loyalty.presenter.js';

/** What went past which limit, and where. */
export interface Excess {
  kind: FraudAlert['kind'];
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
  /** For administrators, newest first. */
  list(query: FraudAlertsQuery): Promise<Paged<FraudAlertDocument>>;
}

/** A year: who looks into a business wants to see whether it happened before. */
const keptMs = 365 * 86_400_000;

export function createFraudAlerts({ alerts }: Pick<LoyaltyModels, 'alerts'>): FraudAlerts {
  return {
    async refuse(tx, { kind, merchantId, merchantName, userId = null, limit, windowSeconds, window, retryAfterSeconds }) {
      const alert: FraudAlertDocument = {
        _id: newId(),
        window: [kind, merchantId, ...(userId === null ? [] : [userId]), window].join(':'),
        kind,
        merchantId,
        merchantName,
        userId,
        limit,
        windowSeconds,
        at: tx.now,
        expiresAt: new Date(tx.now.getTime() + keptMs),
      };
      // By an upsert: of two refusals at once one conflicts, runs again and finds the other's alert.
      const { upsertedCount } = await alerts.updateOne(
        { window: alert.window },
        { $setOnInsert: alert },
        { session: tx.session, upsert: true },
      );
      if (upsertedCount > 0) {
        const about = { kind, limit, ...(userId === null ? {} : { userId }) };
        tx.emit(
          'fraud-alert',
          {
            alertId: alert._id,
            businessId: merchantId,
            businessName: merchantName,
            ...about,
            windowSeconds,
            alert: presentFraudAlert(alert),
          },
          {},
        );
        await tx.audit({ action: 'fraud.alert', target: `merchant:${merchantId}`, details: { alertId: alert._id, ...about } });
      }
      return new Problem('rate-limited', `At most ${limit} in ${windowSeconds} s`, { retryAfterSeconds });
    },

    async list({ limit, cursor, businessId, kind }) {
      const equal = { ...(businessId === undefined ? {} : { merchantId: businessId }), ...(kind === undefined ? {} : { kind }) };
      const keys = Object.fromEntries(Object.keys(equal).map((key) => [key, 1 as const]));
      return readOrdered(alerts, equal, newestAt, { limit, cursor, hint: { ...keys, at: -1, _id: -1 } });
    },
  };
}
