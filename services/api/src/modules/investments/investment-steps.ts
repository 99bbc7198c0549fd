import type { Tx } from '@tidings/feed';
import type { NewJob } from '@tidings/platform';
import { percentOf, type PlanDocument } from '../plans/index.js';
import { announceBalance, type AccountRef, type BalanceReason, type Debts, type Ledger, type NewTransfer } from '../wallet/index.js';
import type { InvestmentDocument, InvestmentModels } from './investments.model.js';
import { presentInvestment } from './investments.presenter.js';
import { dayMs, maturityOf, returnsOf, termsOf } from './terms.js';

export const maturityJobKind = 'maturity';

/** Why an investment changed, as `investment-updated` says it. */
type Reason = 'made' | 'terms-changed' | 'moved' | 'matured' | 'refunded';

/** The ways in which an investment changes; each moves its money and tells its holder in the same transaction. */
export interface InvestmentSteps {
  /** Pays for a new one from the wallet. @throws Problem `insufficient-funds` */
  make(tx: Tx, investment: InvestmentDocument): Promise<void>;
  /**
   * Has active investments follow the present terms of a plan, for their whole term. What matures earlier by that is watched for.
   * @returns as they are now
   */
  follow(
    tx: Tx,
    batch: readonly InvestmentDocument[],
    plan: PlanDocument,
    reason: 'terms-changed' | 'moved',
  ): Promise<InvestmentDocument[]>;
  /** Pays principal and return. Once, for ever: the transfer has the investment's name. */
  mature(tx: Tx, investment: InvestmentDocument): Promise<void>;
  /** Gives the principal back. */
  refund(tx: Tx, investment: InvestmentDocument): Promise<void>;
}

/** Named by the version whose end it watches: a term that was changed since is watched anew. */
export function maturityJob({ _id, version, maturesAt }: InvestmentDocument): NewJob {
  return { kind: maturityJobKind, key: `${maturityJobKind}:${_id}:${version}`, data: { investmentId: _id }, dueAt: maturesAt };
}

const userAccount = ({ userId, currency }: InvestmentDocument): AccountRef => ({ kind: 'user', ownerId: userId, currency });
/** Holds what is invested. */
const principalAccount = ({ currency }: InvestmentDocument): AccountRef => ({ kind: 'system', ownerId: 'plan-principal', currency });
/** Below zero by what plans have paid beside the principal. */
const returnsAccount = ({ currency }: InvestmentDocument): AccountRef => ({ kind: 'system', ownerId: 'plan-returns', currency });

export function createInvestmentSteps(options: { models: InvestmentModels; ledger: Ledger; debts: Debts }): InvestmentSteps {
  const { models, ledger, debts } = options;
  const { investments } = models;

  const announce = (tx: Tx, investment: InvestmentDocument, reason: Reason): void => {
    const { _id: investmentId, userId, planId, roiBp, duration, status, maturesAt, version } = investment;
    tx.emit(
      'investment-updated',
      {
        investmentId,
        userId,
        planId,
        roi: percentOf(roiBp),
        duration,
        status,
        maturesAt: maturesAt.toISOString(),
        reason,
        version,
        investment: presentInvestment(investment),
      },
      { userId },
    );
  };

  const pay = async (
    tx: Tx,
    investment: InvestmentDocument,
    transfer: Omit<NewTransfer, 'paymentMethod' | 'investmentId'>,
    reason: BalanceReason,
  ): Promise<void> => {
    const { changes } = await ledger.post(tx, { ...transfer, paymentMethod: 'wallet', investmentId: investment._id });
    for (const change of changes) announceBalance(tx, change, reason);
  };

  /** Claims the end of an investment: of two who end it one conflicts, runs again and finds it ended. */
  const end = async (tx: Tx, { _id, version }: InvestmentDocument, status: 'MATURED' | 'REFUNDED'): Promise<InvestmentDocument> => {
    const ended = await investments
      .findOneAndUpdate(
        { _id, status: 'ACTIVE', version },
        { $set: { status, endedAt: tx.now, updatedAt: tx.now }, $inc: { version: 1 } },
        { session: tx.session, returnDocument: 'after' },
      )
      .lean<InvestmentDocument>();
    if (!ended) throw new Error(`The investment ${_id} has ended before`);
    return ended;
  };

  /** What comes into a wallet pays first what its owner owes. */
  const payDebts = async (tx: Tx, investment: InvestmentDocument, incoming: { key: string; amount: number }): Promise<void> => {
    for (const change of await debts.settle(tx, userAccount(investment), incoming)) announceBalance(tx, change, 'debt');
  };

  return {
    async make(tx, investment) {
      await investments.insertMany([investment], { session: tx.session });
      announce(tx, investment, 'made');
      const { amount, planName } = investment;
      await pay(
        tx,
        investment,
        {
          key: `investment:${investment._id}`,
          isNew: true,
          type: 'investment',
          description: `Invested in ${planName}`,
          legs: [
            { account: userAccount(investment), amount: -amount },
            { account: principalAccount(investment), amount },
          ],
        },
        'investment',
      );
      await tx.job(maturityJob(investment));
    },

    async follow(tx, batch, plan, reason) {
      const terms = termsOf(plan);
      const { matchedCount } = await investments.updateMany(
        { _id: { $in: batch.map(({ _id }) => _id) }, status: 'ACTIVE' },
        [
          {
            $set: {
              ...Object.fromEntries(Object.entries(terms).map(([field, value]) => [field, { $literal: value }])),
              maturesAt: { $add: ['$createdAt', terms.duration * dayMs] },
              version: { $add: ['$version', 1] },
              updatedAt: tx.now,
            },
          },
        ],
        { session: tx.session, updatePipeline: true },
      );
      if (matchedCount !== batch.length) throw new Error(`Of ${batch.length} investments ${matchedCount} are active`);
      const after = batch.map((before) => ({
        ...before,
        ...terms,
        maturesAt: maturityOf(before.createdAt, terms.duration),
        version: before.version + 1,
        updatedAt: tx.now,
      }));
      for (const [index, investment] of after.entries()) {
        announce(tx, investment, reason);
        // What matures later is found by the watch that there is, which then watches on. One that has moved may have lost its own.
        if (reason === 'moved' || investment.maturesAt < batch[index]!.maturesAt) await tx.job(maturityJob(investment));
      }
      return after;
    },

    async mature(tx, investment) {
      const matured = await end(tx, investment, 'MATURED');
      announce(tx, matured, 'matured');
      const { _id, amount, planName } = matured;
      const returns = returnsOf(matured);
      const key = `maturity:${_id}`;
      await pay(
        tx,
        matured,
        {
          key,
          type: 'maturity',
          description: `${planName} has matured`,
          legs: [
            { account: userAccount(matured), amount: amount + returns },
            { account: principalAccount(matured), amount: -amount },
            ...(returns > 0 ? [{ account: returnsAccount(matured), amount: -returns }] : []),
          ],
        },
        'maturity',
      );
      await payDebts(tx, matured, { key, amount: amount + returns });
    },

    async refund(tx, investment) {
      const refunded = await end(tx, investment, 'REFUNDED');
      announce(tx, refunded, 'refunded');
      const { _id, amount, planName } = refunded;
      const key = `investment-refund:${_id}`;
      await pay(
        tx,
        refunded,
        {
          key,
          type: 'refund',
          description: `${planName} was withdrawn`,
          legs: [
            { account: userAccount(refunded), amount },
            { account: principalAccount(refunded), amount: -amount },
          ],
        },
        'investment-refund',
      );
      await payDebts(tx, refunded, { key, amount });
    },
  };
}
