import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import type { Items, Merchants } from '../merchants/index.js';
import type { Wallet } from '../wallet/index.js';
import { orderModels } from './orders.model.js';
import { orderRoutes } from './orders.routes.js';
import { createOrders, type Orders } from './orders.service.js';

export type { OrderDocument } from './orders.model.js';
export { presentOrder, refundedOf } from './orders.presenter.js';
export type { Orders } from './orders.service.js';
export type { PickupTicket } from './pickup-numbers.js';

export interface OrdersModule extends ApiModule {
  orders: Orders;
}

export function ordersModule(
  { mongo }: Pick<Context, 'mongo'>,
  parts: { merchants: Merchants; items: Items; wallet: Wallet },
): OrdersModule {
  const models = orderModels(mongo);
  const orders = createOrders({ mongo, models, ...parts });
  return { orders, routes: orderRoutes(orders), start: () => ensureIndexes(models) };
}
