import { createCodes } from '../../codes/codes.js';
import { createUsedCodes } from '../../codes/used-codes.js';
import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import type { Items, Merchants } from '../merchants/index.js';
import type { Orders } from '../orders/index.js';
import type { Wallet } from '../wallet/index.js';
import { createCodePayments, type CodePayments } from './code-payments.js';
import { createPaymentRequestJobs } from './payment-request-jobs.js';
import { createPaymentRequestSteps } from './payment-request-steps.js';
import { paymentRequestModels } from './payment-requests.model.js';
import { createPaymentRequests, type PaymentRequests } from './payment-requests.service.js';
import { paymentRoutes } from './payments.routes.js';

export { leftOf } from './payment-request-steps.js';
export type { PaymentRequests } from './payment-requests.service.js';

export interface PaymentsModule extends ApiModule {
  codePayments: CodePayments;
  paymentRequests: PaymentRequests;
}

/** Payments between two people at a counter, by the QR codes that they show each other. */
export function paymentsModule(
  { config, mongo, unitOfWork }: Pick<Context, 'config' | 'mongo' | 'unitOfWork'>,
  parts: { merchants: Merchants; items: Items; orders: Orders; wallet: Wallet },
): PaymentsModule {
  const { merchants, items, orders, wallet } = parts;
  const codes = createCodes(config.jwtKeys);
  const usedCodes = createUsedCodes(mongo);
  const codePayments = createCodePayments({ mongo, codes, usedCodes, merchants, items, orders });
  const models = paymentRequestModels(mongo);
  const steps = createPaymentRequestSteps({ models, wallet });
  const paymentRequests = createPaymentRequests({ mongo, models, steps, codes, usedCodes, merchants });
  return {
    codePayments,
    paymentRequests,
    routes: paymentRoutes({ codePayments, paymentRequests, orders }),
    jobs: createPaymentRequestJobs({ models, steps, unitOfWork }),
    async start() {
      await ensureIndexes(models);
      await usedCodes.start();
    },
  };
}
