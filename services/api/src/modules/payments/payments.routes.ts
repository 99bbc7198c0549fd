import { feeds, routes } from '@tidings/contracts';
import { showCode } from '../../codes/qr-image.js';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import { presentOrder, type Orders } from '../orders/index.js';
import type { CodePayments } from './code-payments.js';
import { presentPaymentRequest } from './payment-requests.presenter.js';
import type { PaymentRequests } from './payment-requests.service.js';

export function paymentRoutes(parts: { codePayments: CodePayments; paymentRequests: PaymentRequests; orders: Orders }): RouteBinding[] {
  const { codePayments, paymentRequests, orders } = parts;
  const contract = routes.payments;
  return [
    read(contract.merchantQr, async ({ caller, params, query: { itemId, format }, accepts }) => {
      const code = itemId === undefined ? codePayments.stallCode(params.id) : codePayments.itemCode(caller, params.id, itemId);
      return showCode(await code, { format, accepts });
    }),
    read(contract.ownQr, async ({ caller, query: { format }, accepts }) => showCode(codePayments.userCode(caller), { format, accepts })),
    write(contract.resolve, async ({ tx, caller, body }) => codePayments.resolve(caller, body.code, tx.now)),
    write(contract.pay, {
      prepare: async () => orders.ticket(),
      harmless: true,
      handle: async ({ tx, caller, body, prepared }) => presentOrder(await codePayments.pay(tx, caller, body, prepared)),
    }),
    write(contract.request, async ({ tx, caller, params, body }) =>
      presentPaymentRequest(await paymentRequests.request(tx, caller, params.id, body)),
    ),
    read(contract.list, async ({ caller, query }) => presentPage(await paymentRequests.list(caller, query), presentPaymentRequest), {
      feeds: ({ caller, query }) => [query.vendorId === undefined ? feeds.user(caller.userId) : feeds.merchant(query.vendorId)],
    }),
    read(contract.get, async ({ caller, params }) => presentPaymentRequest(await paymentRequests.get(caller, params.id)), {
      feeds: ({ params }) => [feeds.payment(params.id)],
    }),
    write(contract.decide, async ({ tx, caller, params, body, ifMatch }) =>
      presentPaymentRequest(await paymentRequests.decide(tx, caller, params.id, body.decision, ifMatch)),
    ),
    write(contract.capture, async ({ tx, caller, params, body, ifMatch }) =>
      presentPaymentRequest(await paymentRequests.capture(tx, caller, params.id, body.amount, ifMatch)),
    ),
    write(contract.cancel, async ({ tx, caller, params, ifMatch }) =>
      presentPaymentRequest(await paymentRequests.cancel(tx, caller, params.id, ifMatch)),
    ),
    write(contract.refund, async ({ tx, caller, params, body, ifMatch }) =>
      presentPaymentRequest(await paymentRequests.refund(tx, caller, params.id, body, ifMatch)),
    ),
  ];
}
