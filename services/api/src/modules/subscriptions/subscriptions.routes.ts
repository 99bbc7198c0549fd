import { feeds, routes, type Principal } from '@tidings/contracts';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import { Media } from '../../http/media.js';
import { presentPlans, presentSubscription, type PlanCatalogue } from '../entitlements/index.js';
import { presentTopUp } from '../wallet/index.js';
import type { Checkouts } from './checkouts.js';
import { invoicePdf } from './invoice-pdf.js';
import { presentInvoice, type Invoices } from './invoices.js';
import type { Subscriptions } from './subscriptions.service.js';

const merchantFeed = ({ params }: { params: { id: string } }) => [feeds.merchant(params.id)];
const adminFeed = () => [feeds.merchantsAdmin];

export function subscriptionRoutes(parts: {
  subscriptions: Subscriptions;
  checkouts: Checkouts;
  invoices: Invoices;
  catalogue: PlanCatalogue;
  currency: string;
}): RouteBinding[] {
  const { subscriptions, checkouts, invoices, catalogue, currency } = parts;
  const contract = routes.subscriptions;
  const get = async (caller: Principal, id: string) => presentSubscription(await subscriptions.get(caller, id));
  return [
    read(contract.plans, async () => ({ items: presentPlans(catalogue, currency) })),
    read(contract.get, ({ caller, params }) => get(caller, params.id), { feeds: merchantFeed }),
    read(contract.usage, ({ caller, params }) => subscriptions.usage(caller, params.id)),
    write(contract.renew, {
      prepare: async ({ caller, params, body }) => {
        const { paymentMethod } = body;
        if (paymentMethod === 'wallet') return null;
        const plan = await subscriptions.planOf(caller, params.id, body);
        return { plan, topUp: await checkouts.prepare(caller.userId, plan, paymentMethod) };
      },
      handle: async ({ tx, caller, params, body, ifMatch, prepared }) => {
        if (!prepared) {
          const renewed = await subscriptions.renew(tx, caller, params.id, body, ifMatch);
          return { subscription: presentSubscription(renewed), topUp: null };
        }
        const { plan } = prepared;
        const subscription = await subscriptions.beginCheckout(tx, caller, params.id, plan, ifMatch);
        const { autoRenew, paymentMethod } = body;
        const checkout = { merchantId: params.id, userId: caller.userId, plan, autoRenew, paymentMethod };
        const topUp = await checkouts.store(tx, prepared.topUp, checkout);
        return { subscription: presentSubscription(subscription), topUp: presentTopUp(topUp) };
      },
    }),
    write(contract.changePlan, async ({ tx, caller, params, body, ifMatch }) =>
      presentSubscription(await subscriptions.changePlan(tx, caller, params.id, body.plan, ifMatch)),
    ),
    write(contract.cancel, async ({ tx, caller, params, ifMatch }) =>
      presentSubscription(await subscriptions.cancel(tx, caller, params.id, ifMatch)),
    ),
    write(contract.resume, async ({ tx, caller, params, ifMatch }) =>
      presentSubscription(await subscriptions.resume(tx, caller, params.id, ifMatch)),
    ),
    read(
      contract.invoices,
      async ({ caller, params, query }) => presentPage(await invoices.list(caller, params.id, query), presentInvoice),
      { feeds: merchantFeed },
    ),
    read(contract.invoicePdf, async ({ caller, params }) => {
      const invoice = await invoices.get(caller, params.id, params.invoiceId);
      return new Media('application/pdf', invoicePdf(invoice), {
        'Content-Disposition': `attachment; filename="invoice-${invoice.number}.pdf"`,
        'Cache-Control': 'private, no-store',
      });
    }),
    read(contract.list, async ({ query }) => presentPage(await subscriptions.list(query), presentSubscription), { feeds: adminFeed }),
    read(contract.getByAdmin, ({ caller, params }) => get(caller, params.id), { feeds: adminFeed }),
    write(contract.update, async ({ tx, params, body, ifMatch }) =>
      presentSubscription(await subscriptions.update(tx, params.id, body, ifMatch)),
    ),
  ];
}
