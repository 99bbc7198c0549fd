import type { Tx, UnitOfWork } from '@tidings/feed';
import { assertDue, type JobDocument, type JobHandler } from '@tidings/platform';
import { captureJobKind, expiryJobKind, type PaymentRequestSteps } from './payment-request-steps.js';
import type { PaymentRequestDocument, PaymentRequestModels } from './payment-requests.model.js';

/** What the clock does: each job looks at the request in the transaction that ends the job, so twice is once, and what was decided before stays. */
export function createPaymentRequestJobs(options: {
  models: PaymentRequestModels;
  steps: PaymentRequestSteps;
  unitOfWork: UnitOfWork;
}): Record<string, JobHandler> {
  const { models, steps, unitOfWork } = options;

  const onRequest =
    (work: (tx: Tx, request: PaymentRequestDocument, data: JobDocument['data']) => Promise<unknown>): JobHandler =>
    async (job: JobDocument, finish) => {
      await unitOfWork.run({ actor: null, cause: { kind: 'job', id: job._id } }, async (tx) => {
        if (!(await finish(tx.session))) return;
        const request = await models.paymentRequests
          .findById(String(job.data['paymentRequestId']), null, { session: tx.session })
          .lean<PaymentRequestDocument>();
        if (!request) throw new Error(`There is no payment request ${String(job.data['paymentRequestId'])}`);
        await work(tx, request, job.data);
      });
    };

  return {
    [captureJobKind]: onRequest(async (tx, request) => {
      if (request.status === 'approved') await steps.capture(tx, request);
    }),

    [expiryJobKind]: onRequest(async (tx, request, data) => {
      // One that moved on meanwhile has another end, or none.
      if (request.status !== data['status']) return;
      assertDue(request.expiresAt, tx.now);
      await steps.end(tx, request, 'expired');
    }),
  };
}
