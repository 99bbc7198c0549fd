import { Problem, type PaidPlan, type RenewalInput } from '@tidings/contracts';
import type { Tx, UnitOfWork } from '@tidings/feed';
import type { JobHandler } from '@tidings/platform';
import { z } from 'zod';
import { onJob } from '../../on-job.js';
import type { PlanCatalogue } from '../entitlements/index.js';
import type { Merchants } from '../merchants/index.js';
import type { Fees, PreparedTopUp, TopUps } from '../wallet/index.js';
import type { BillingModels, CheckoutDocument } from './invoices.model.js';
import type { Subscriptions } from './subscriptions.service.js';

export const checkoutJobKind = 'subscription-checkout';
const jobSchema = z.strictObject({ topUpId: z.string() });

type Provider = Exclude<RenewalInput['paymentMethod'], 'wallet'>;

export interface Checkouts {
  /** The part outside of the transaction. @throws Problem `provider-unavailable`, `provider-error` */
  prepare(userId: string, plan: PaidPlan, provider: Provider): Promise<PreparedTopUp>;
  /** When the top-up is paid, the subscription is renewed with it. */
  store(
    tx: Tx,
    prepared: PreparedTopUp,
    checkout: Omit<CheckoutDocument, '_id' | 'state' | 'createdAt'>,
  ): Promise<Awaited<ReturnType<TopUps['store']>>>;
  job: JobHandler;
}

export function createCheckouts(options: {
  models: Pick<BillingModels, 'checkouts'>;
  topUps: Pick<TopUps, 'prepare' | 'store'>;
  catalogue: PlanCatalogue;
  currency: string;
  fees: Pick<Fees, 'covers'>;
  merchants: Pick<Merchants, 'find'>;
  subscriptions: Pick<Subscriptions, 'renewAsPaid'>;
  unitOfWork: UnitOfWork;
}): Checkouts {
  const { models, topUps, catalogue, currency, fees, merchants, subscriptions, unitOfWork } = options;
  const { checkouts } = models;

  const settle = async (tx: Tx, checkout: CheckoutDocument): Promise<void> => {
    const { _id, userId, plan, merchantId } = checkout;
    // All that can refuse it is asked before anything is written: the refusal is kept, and the money stays in the wallet.
    const refusal = await refusalOf(async () => {
      if (!(await merchants.find(merchantId, tx))) throw new Problem('not-found', 'There is no such merchant');
      if (!(await fees.covers(tx, { userId, amount: catalogue[plan].price, currency }))) throw new Problem('insufficient-funds');
      await subscriptions.renewAsPaid(tx, checkout);
    });
    const fields = refusal ? { state: 'refused' as const, reason: refusal } : { state: 'paid' as const };
    await checkouts.updateOne({ _id }, { $set: fields }, { session: tx.session });
  };

  return {
    prepare: (userId, plan, provider) => topUps.prepare(userId, { amount: catalogue[plan].price, currency, provider }),

    async store(tx, prepared, checkout) {
      const topUp = await topUps.store(tx, prepared, checkoutJobKind);
      await checkouts.insertMany([{ ...checkout, _id: topUp._id, state: 'open', createdAt: tx.now }], { session: tx.session });
      return topUp;
    },

    job: onJob(unitOfWork, jobSchema, async (tx, { topUpId }) => {
      const checkout = await checkouts.findOne({ _id: topUpId, state: 'open' }, null, { session: tx.session }).lean<CheckoutDocument>();
      if (checkout) await settle(tx, checkout);
    }),
  };
}

const refusals: readonly string[] = ['not-found', 'insufficient-funds', 'invalid-transition', 'renewal-too-early', 'forbidden'];

async function refusalOf(work: () => Promise<void>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (error instanceof Problem && refusals.includes(error.code)) return error.code;
    throw error;
  }
}
