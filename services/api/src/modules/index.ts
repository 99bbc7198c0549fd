import type { ApiModule, Context } from '../context.js';
import { adminModule } from './admin/index.js';
import { apiKeysModule } from './api-keys/index.js';
import { bulkModule } from './bulk/index.js';
import { customersModule } from './customers/index.js';
import { enrollmentsModule } from './enrollments/index.js';
import { filesModule } from './files/index.js';
import { historyModule } from './history/index.js';
import { identityModule } from './identity/index.js';
import { investmentsModule } from './investments/index.js';
import { ledgerWatchModule } from './ledger-watch/index.js';
import { followMerchantName, loyaltyModule } from './loyalty/index.js';
import { merchantSyncModule } from './merchant-sync/index.js';
import { merchantsModule } from './merchants/index.js';
import { notificationsModule } from './notifications/index.js';
import { ordersModule } from './orders/index.js';
import { paymentsModule } from './payments/index.js';
import { reconciliationModule } from './reconciliation/index.js';
import { refundsModule } from './refunds/index.js';
import { payoutsModule } from './payouts/index.js';
import { plansModule } from './plans/index.js';
import { followOrder, scansModule } from './scans/index.js';
import { subscriptionsModule } from './subscriptions/index.js';
import { salesModule } from './sales/index.js';
import { rehearsalsModule } from './rehearsals/index.js';
import { ticketsModule } from './tickets/index.js';
import { walletModule } from './wallet/index.js';
import { webhooksModule } from './webhooks/index.js';

/** Every domain. A new one is added here and nowhere else. */
export function createModules(context: Context): ApiModule[] {
  const identity = identityModule(context);
  const wallet = walletModule(context);
  const files = filesModule(context);
  const merchants = merchantsModule(context, { ...files, renamed: followMerchantName });
  const orders = ordersModule(context, { ...merchants, wallet: wallet.wallet, earn: followOrder });
  const payments = paymentsModule(context, {
    merchants: merchants.merchants,
    items: merchants.items,
    orders: orders.orders,
    wallet: wallet.wallet,
  });
  const subscriptions = subscriptionsModule(context, { ...merchants, fees: wallet.fees, topUps: wallet.topUps });
  const merchantSync = merchantSyncModule(context, { merchants, ...files, ...subscriptions });
  const plans = plansModule(context);
  const loyalty = loyaltyModule(context, merchants);
  const enrollments = enrollmentsModule(context, { merchants: merchants.merchants, loyalty });
  return [
    identity,
    wallet,
    files,
    merchants,
    orders,
    payments,
    refundsModule(context, { refunds: wallet.refunds, orders: orders.orders, paymentRequests: payments.paymentRequests }),
    loyalty,
    enrollments,
    customersModule(context, { merchants: merchants.merchants, loyalty, enrollments }),
    scansModule(context, { merchants: merchants.merchants, loyalty, enrollments }),
    subscriptions,
    bulkModule(context, { ...merchants, ...subscriptions }),
    salesModule(context, { wallet: wallet.wallet, merchants: merchants.merchants }),
    payoutsModule(context, { ledger: wallet.ledger, debts: wallet.debts, merchants: merchants.merchants, members: merchants.members }),
    plans,
    investmentsModule(context, { ...plans, ledger: wallet.ledger, debts: wallet.debts }),
    notificationsModule(context, { actions: { ...enrollments.actions, ...loyalty.actions } }),
    adminModule(context, { identity, wallet }),
    apiKeysModule(context),
    ledgerWatchModule(context),
    reconciliationModule(context, { providers: wallet.providers }),
    merchantSync,
    webhooksModule(context, { ...wallet, ...merchantSync }),
    rehearsalsModule(context, { directory: identity.directory, wallet: wallet.wallet }),
    historyModule(context),
    ticketsModule(context),
  ];
}
