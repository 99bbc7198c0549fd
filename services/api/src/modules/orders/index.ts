import type { ApiModule, Context } from '../../context.js';
import { createCodes } from '../../codes/codes.js';
import { ensureIndexes } from '../../models.js';
import type { Items, Menus, SellingService } from '../merchants/index.js';
import type { Wallet } from '../wallet/index.js';
import { createExpiry } from './expiry.js';
import { messageModels } from './messages.model.js';
import { messageRoutes } from './messages.routes.js';
import { createMessages, type Messages } from './messages.service.js';
import { createOrderSteps, expiryJobKind, type OrderFollower } from './order-steps.js';
import { orderModels } from './orders.model.js';
import { orderRoutes } from './orders.routes.js';
import { createOrders, type Orders } from './orders.service.js';
import { createPickups, type Pickups } from './pickups.js';

export { presentOrder, refundedOf } from './orders.presenter.js';
export type { OrderFollower } from './order-steps.js';
export type { Orders } from './orders.service.js';
export type { PickupTicket } from './pickup-numbers.js';
export { orderModels, type OrderDocument, type OrderModels } from './orders.model.js';

export interface OrdersModule extends ApiModule {
  orders: Orders;
  pickups: Pickups;
  messages: Messages;
}

export function ordersModule(
  { config, mongo, unitOfWork }: Pick<Context, 'config' | 'mongo' | 'unitOfWork'>,
  parts: { items: Items; menus: Menus; selling: SellingService; wallet: Wallet; earn: OrderFollower },
): OrdersModule {
  const models = { ...orderModels(mongo), ...messageModels(mongo) };
  const steps = createOrderSteps({ orders: models.orders, ...parts });
  const orders = createOrders({ mongo, models, steps, ...parts });
  const pickups = createPickups({ orders, steps, codes: createCodes(config.jwtKeys) });
  const messages = createMessages({ models, orders });
  return {
    orders,
    pickups,
    messages,
    routes: [...orderRoutes({ orders, pickups }), ...messageRoutes(messages)],
    jobs: { [expiryJobKind]: createExpiry({ unitOfWork, orders: models.orders, steps }) },
    start: () => ensureIndexes(models),
  };
}
