import type { Tx, UnitOfWork } from '@tidings/feed';
import { assertDue, type JobHandler } from '@tidings/platform';
import { z } from 'zod';
import { onJob } from '../../on-job.js';
import { captureJobKind, expiryJobKind, type PaymentRequestSteps } from './payment-request-steps.js';
import type { PaymentRequestDocument, PaymentRequestModels } from './payment-requests.model.js';

const requestSchema = z.strictObject({ paymentRequestId: z.string(), status: z.string() });

/** What the clock does: each job looks at the request in the transaction that ends the job, so twice is once, and what was decided before stays. */
export function createPaymentRequestJobs(options: {
  models: PaymentRequestModels;
  steps: PaymentRequestSteps;
  unitOfWork: UnitOfWork;
}): Record<string, JobHandler> {
  const { models, steps, unitOfWork } = options;

  const find = async (tx: Tx, id: string): Promise<PaymentRequestDocument> => {
    const request = await models.paymentRequests.findById(id, null, { session: tx.session }).lean<PaymentRequestDocument>();
    if (!request) throw new Error(`There is no payment request ${id}`);
    return request;
  };

  return {
    [captureJobKind]: onJob(unitOfWork, requestSchema, async (tx, { paymentRequestId }) => {
      const request = await find(tx, paymentRequestId);
      if (request.status === 'approved') await steps.capture(tx, request);
    }),

    [expiryJobKind]: onJob(unitOfWork, requestSchema, async (tx, { paymentRequestId, status }) => {
      const request = await find(tx, paymentRequestId);
      // One that moved on meanwhile has another end, or none.
      if (request.status !== status) return;
      assertDue(request.expiresAt, tx.now);
      await steps.end(tx, request, 'expired');
    }),
  };
}
