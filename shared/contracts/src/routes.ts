import { apiKeyRoutes } from './admin/api-keys.js';
import { adminRoutes } from './admin/routes.js';
import { fileRoutes } from './files/routes.js';
import { historyRoutes } from './history/routes.js';
import { authRoutes } from './identity/routes.js';
import { loyaltyRoutes } from './loyalty/routes.js';
import { merchantRoutes } from './merchants/routes.js';
import { notificationRoutes } from './notifications/routes.js';
import { opsRoutes } from './ops/routes.js';
import { orderRoutes } from './orders/routes.js';
import { paymentRoutes } from './payments/routes.js';
import { reconciliationRoutes } from './reconciliation/routes.js';
import { refundRoutes } from './refunds/routes.js';
import { payoutRoutes } from './payouts/routes.js';
import { investmentRoutes } from './plans/investment-routes.js';
import { planRoutes } from './plans/routes.js';
import { rehearsalRoutes } from './rehearsals/routes.js';
import type { RouteDefinition } from './route.js';
import { salesRoutes } from './sales/routes.js';
import { streamRoutes } from './streams/routes.js';
import { subscriptionRoutes } from './subscriptions/routes.js';
import { walletRoutes } from './wallet/routes.js';
import { webhookRoutes } from './webhooks/routes.js';

/** Every HTTP route: what the API mounts, what OpenAPI describes. */
export const routes = {
  auth: authRoutes,
  wallet: walletRoutes,
  refunds: refundRoutes,
  rehearsals: rehearsalRoutes,
  reconciliation: reconciliationRoutes,
  orders: orderRoutes,
  payments: paymentRoutes,
  merchants: merchantRoutes,
  subscriptions: subscriptionRoutes,
  loyalty: loyaltyRoutes,
  sales: salesRoutes,
  payouts: payoutRoutes,
  plans: planRoutes,
  investments: investmentRoutes,
  files: fileRoutes,
  notifications: notificationRoutes,
  admin: adminRoutes,
  apiKeys: apiKeyRoutes,
  history: historyRoutes,
  ops: opsRoutes,
  feeds: streamRoutes,
  webhooks: webhookRoutes,
};

export const allRoutes: readonly RouteDefinition[] = Object.values(routes).flatMap((group) => Object.values<RouteDefinition>(group));
