import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import type { EnrollmentsModule } from '../enrollments/index.js';
import type { LoyaltyModule } from '../loyalty/index.js';
import type { Merchants } from '../merchants/index.js';
import { createAnalytics, type AnalyticsService } from './analytics.service.js';
import { customerRoutes } from './customers.routes.js';
import { createCustomers, type Customers } from './customers.service.js';
import { createFiguresCache } from './figures-cache.js';
import { figuresModels } from './figures.model.js';
import { createFigures, type Figures } from './figures.js';

export interface CustomersModule extends ApiModule {
  customers: Customers;
  figures: Figures;
  analytics: AnalyticsService;
}

/** What a business looks at: its customers and figures, over what loyalty and enrollments have written. */
export function customersModule(
  { config, mongo, redis, unitOfWork, logger }: Pick<Context, 'config' | 'mongo' | 'redis' | 'unitOfWork' | 'logger'>,
  parts: {
    merchants: Merchants;
    loyalty: Pick<LoyaltyModule, 'models' | 'book' | 'cards' | 'interactions' | 'ledger'>;
    enrollments: Pick<EnrollmentsModule, 'models'>;
  },
): CustomersModule {
  const { merchants, loyalty, enrollments } = parts;
  const { book, cards, interactions } = loyalty;
  const models = figuresModels(mongo);
  const customers = createCustomers({
    mongo,
    models: loyalty.models,
    enrollments: enrollments.models.enrollments,
    book,
    cards,
    interactions,
    merchants,
  });
  const figures = createFigures({ models, loyalty, merchants, unitOfWork, logger });
  const cache = createFiguresCache({ redis, prefix: config.REDIS_PREFIX, logger });
  const analytics = createAnalytics({ mongo, models, cache, merchants });
  return {
    customers,
    figures,
    analytics,
    routes: customerRoutes({ customers, analytics }),
    async start() {
      await ensureIndexes(models);
      figures.start();
    },
    stop: () => figures.stop(),
  };
}
