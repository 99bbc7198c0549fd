import { feeds, routes } from '@tidings/contracts';
import type { ApiModule, Context } from '../../context.js';
import { read } from '../../http/bind.js';
import { assertMayLook, type Merchants } from '../merchants/index.js';
import { orderModels } from '../orders/index.js';
import { presentMerchantBalance, walletModels, type Wallet } from '../wallet/index.js';
import { createQueue, type Queue } from './queue.js';
import { createSales, type SalesService } from './sales.service.js';

export { dayRange } from './days.js';

export interface SalesModule extends ApiModule {
  queue: Queue;
  sales: SalesService;
}

/** What a vendor looks at: reads alone, over what orders and wallet have written. */
export function salesModule({ mongo }: Pick<Context, 'mongo'>, parts: { merchants: Merchants; wallet: Wallet }): SalesModule {
  const { merchants, wallet } = parts;
  const { orders } = orderModels(mongo);
  const { postings } = walletModels(mongo);
  const queue = createQueue({ mongo, orders, merchants });
  const sales = createSales({ mongo, postings, merchants });
  const ofMerchant = { feeds: ({ params }: { params: { id: string } }) => [feeds.merchant(params.id)] };
  const contract = routes.sales;
  return {
    queue,
    sales,
    routes: [
      read(contract.getQueue, async ({ caller, params, query }) => queue.page(caller, params.id, query), ofMerchant),
      read(contract.getSales, async ({ caller, params, query }) => sales.report(caller, params.id, query), {
        ...ofMerchant,
        limit: 'heavy',
      }),
      read(
        contract.getBalance,
        async ({ caller, params }) => {
          const { currency } = await merchants.get(params.id);
          await assertMayLook(mongo, caller, params.id, 'balance');
          return presentMerchantBalance(await wallet.merchantBalance(params.id, currency));
        },
        ofMerchant,
      ),
    ],
  };
}
