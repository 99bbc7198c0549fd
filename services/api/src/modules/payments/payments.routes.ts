import { routes } from '@tidings/contracts';
import { showCode } from '../../codes/qr-image.js';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { presentOrder, type Orders } from '../orders/index.js';
import type { CodePayments } from './code-payments.js';

export function paymentRoutes({ codePayments, orders }: { codePayments: CodePayments; orders: Orders }): RouteBinding[] {
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
      handle: async ({ tx, caller, body, prepared }) => presentOrder(await codePayments.pay(tx, caller, body, prepared)),
    }),
  ];
}
