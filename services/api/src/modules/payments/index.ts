import { createCodes } from '../../codes/codes.js';
import { createUsedCodes } from '../../codes/used-codes.js';
import type { ApiModule, Context } from '../../context.js';
import type { Items, Merchants } from '../merchants/index.js';
import type { Orders } from '../orders/index.js';
import { createCodePayments, type CodePayments } from './code-payments.js';
import { paymentRoutes } from './payments.routes.js';

export interface PaymentsModule extends ApiModule {
  codePayments: CodePayments;
}

/** Payments between two people at a counter, by the QR codes that they show each other. */
export function paymentsModule(
  { config, mongo }: Pick<Context, 'config' | 'mongo'>,
  parts: { merchants: Merchants; items: Items; orders: Orders },
): PaymentsModule {
  const codes = createCodes(config.jwtKeys);
  const usedCodes = createUsedCodes(mongo);
  const codePayments = createCodePayments({ mongo, codes, usedCodes, ...parts });
  return {
    codePayments,
    routes: paymentRoutes({ codePayments, orders: parts.orders }),
    start: () => usedCodes.start(),
  };
}
