import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import { createMemberships } from '../identity/index.js';
import { createItems, type Items } from './items.js';
import { createMembers, type Members } from './members.js';
import { merchantModels } from './merchants.model.js';
import { merchantRoutes } from './merchants.routes.js';
import { createMerchants, type Merchants } from './merchants.service.js';

export type { Items } from './items.js';
export { isMember } from './members.js';
export type { ItemDocument } from './merchants.model.js';
export type { Merchants } from './merchants.service.js';

export interface MerchantsModule extends ApiModule {
  merchants: Merchants;
  members: Members;
  items: Items;
}

export function merchantsModule({ config, mongo }: Pick<Context, 'config' | 'mongo'>): MerchantsModule {
  const models = merchantModels(mongo);
  const merchants = createMerchants({ mongo, models, defaultCurrency: config.DEFAULT_CURRENCY, defaultTimeZone: 'UTC' });
  const members = createMembers(createMemberships(mongo), models);
  const items = createItems({ models, merchants });
  return {
    merchants,
    members,
    items,
    routes: merchantRoutes({ merchants, members, items }),
    start: () => ensureIndexes(models),
  };
}
