import type { ApiModule, Context } from '../../context.js';
import type { Orders } from '../orders/index.js';
import type { PaymentRequests } from '../payments/index.js';
import type { Refunds } from '../wallet/index.js';
import { refundRoutes } from './refunds.routes.js';
import { createAdminRefunds, type AdminRefunds } from './refunds.service.js';

export interface RefundsModule extends ApiModule {
  adminRefunds: AdminRefunds;
}

/** Refunds by administrators: apart from the wallet, as an order's refund is the business of `orders` and one at the counter that of `payments`, which stand on the wallet. */
export function refundsModule(
  { config }: Pick<Context, 'config'>,
  parts: { refunds: Refunds; orders: Orders; paymentRequests: PaymentRequests },
): RefundsModule {
  const { refunds } = parts;
  const adminRefunds = createAdminRefunds({ ...parts, limit: config.REFUND_LIMIT });
  return { adminRefunds, routes: refundRoutes({ refunds, adminRefunds }) };
}
