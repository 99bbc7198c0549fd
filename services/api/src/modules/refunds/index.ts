import type { ApiModule, Context } from '../../context.js';
import type { Orders } from '../orders/index.js';
import type { Refunds } from '../wallet/index.js';
import { refundRoutes } from './refunds.routes.js';
import { createAdminRefunds, type AdminRefunds } from './refunds.service.js';

export interface RefundsModule extends ApiModule {
  adminRefunds: AdminRefunds;
}

/** Refunds by administrators: apart from the wallet, as an order's refund is the business of `orders`, which stand on the wallet. */
export function refundsModule({ config }: Pick<Context, 'config'>, parts: { refunds: Refunds; orders: Orders }): RefundsModule {
  const { refunds, orders } = parts;
  const adminRefunds = createAdminRefunds({ refunds, orders, limit: config.REFUND_LIMIT });
  return { adminRefunds, routes: refundRoutes({ refunds, adminRefunds }) };
}
