import { createCodes } from '../../codes/codes.js';
import { createUsedCodes } from '../../codes/used-codes.js';
import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import type { EnrollmentsModule } from '../enrollments/index.js';
import type { LoyaltyModule } from '../loyalty/index.js';
import type { Merchants } from '../merchants/index.js';
import { orderModels } from '../orders/index.js';
import { createOrderEarnings, orderJobKind } from './order-earnings.js';
import { createScanLimits } from './scan-limits.js';
import { scanModels, type ScanModels } from './scans.model.js';
import { scanRoutes } from './scans.routes.js';
import { createScans, type Scans } from './scans.service.js';
import { createStaticCards, type StaticCards } from './static-cards.js';

export { followOrder } from './order-earnings.js';
export type { ScanModels } from './scans.model.js';

export interface ScansModule extends ApiModule {
  models: ScanModels;
  scans: Scans;
  staticCards: StaticCards;
}

/** What a business earns its customers points by: their codes, and their orders. */
export function scansModule(
  { config, mongo, unitOfWork }: Pick<Context, 'config' | 'mongo' | 'unitOfWork'>,
  parts: { merchants: Merchants; loyalty: LoyaltyModule; enrollments: EnrollmentsModule },
): ScansModule {
  const { merchants, loyalty, enrollments } = parts;
  const models = scanModels(mongo);
  const codes = createCodes(config.jwtKeys);
  const usedCodes = createUsedCodes(mongo);
  const staticCards = createStaticCards(models, codes);
  const scans = createScans({
    mongo,
    models,
    codes,
    usedCodes,
    staticCards,
    limits: createScanLimits({ models, alerts: loyalty.alerts, config }),
    merchants,
    loyalty,
    enrollments: enrollments.enrollments,
    enrollmentModels: enrollments.models,
  });
  return {
    models,
    scans,
    staticCards,
    routes: scanRoutes({ scans, staticCards }),
    jobs: { [orderJobKind]: createOrderEarnings({ ...orderModels(mongo), loyalty, unitOfWork }) },
    async start() {
      await ensureIndexes(models);
      await usedCodes.start();
    },
  };
}
