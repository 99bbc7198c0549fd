import type { ApiModule, Context } from '../../context.js';
import type { EnrollmentsModule } from '../enrollments/index.js';
import type { LoyaltyModule } from '../loyalty/index.js';
import type { Merchants } from '../merchants/index.js';
import { customerRoutes } from './customers.routes.js';
import { createCustomers, type Customers } from './customers.service.js';

export interface CustomersModule extends ApiModule {
  customers: Customers;
}

/** What a business looks at: its customers, over what loyalty and enrollments have written. */
export function customersModule(
  { mongo }: Pick<Context, 'mongo'>,
  parts: {
    merchants: Merchants;
    loyalty: Pick<LoyaltyModule, 'models' | 'book' | 'cards' | 'interactions'>;
    enrollments: Pick<EnrollmentsModule, 'models'>;
  },
): CustomersModule {
  const { merchants, loyalty, enrollments } = parts;
  const { models, book, cards, interactions } = loyalty;
  const customers = createCustomers({ mongo, models, enrollments: enrollments.models.enrollments, book, cards, interactions, merchants });
  return { customers, routes: customerRoutes({ customers }) };
}
