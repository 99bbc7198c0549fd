import { Problem, type Payout, type PayoutDecision, type PayoutInput, type Principal } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { newId, type Mongo } from '@tidings/platform';
import { checkIfMatch } from '../../http/etag.js';
import { newestFirst, olderThan, pageByTime, type Paged } from '../../http/lists.js';
import type { FourEyes } from '../identity/index.js';
import { assertMayLook, isMember, type Members, type Merchants } from '../merchants/index.js';
import { announceBalance, bringUpToDate, type Debts, type Ledger } from '../wallet/index.js';
import type { PayoutDocument, PayoutModels } from './payouts.model.js';
import { presentPayout } from './payouts.presenter.js';

export interface PayoutsQuery {
  limit: number;
  cursor?: string | undefined;
  status?: Payout['status'] | undefined;
  merchantId?: string | undefined;
}

export interface Payouts {
  /**
   * Takes the amount out of the merchant's balance and sets it aside until an administrator has decided.
   * @throws Problem `not-found`, `forbidden` (who is no owner), `insufficient-funds`
   */
  request(tx: Tx, caller: Principal, merchantId: string, input: PayoutInput): Promise<PayoutDocument>;
  /**
   * Accepted, the amount leaves the house; declined, it goes back into the merchant's balance, where it pays first what the merchant owes. Once: what is decided stays so. Whoever asked
   * for it, or is a member of the merchant, does not accept it.
   * @throws Problem `not-found`, `invalid-transition`, `version-mismatch`, `forbidden` (see `FourEyes`)
   */
  decide(tx: Tx, caller: Principal, id: string, decision: PayoutDecision, ifMatch?: string): Promise<PayoutDocument>;
  /** Newest first. @throws Problem `not-found`, `forbidden` */
  list(caller: Principal, merchantId: string, query: PayoutsQuery): Promise<Paged<PayoutDocument>>;
  /** Of all merchants, newest first; for administrators. */
  listAll(query: PayoutsQuery): Promise<Paged<PayoutDocument>>;
}

const facts = { type: 'payout', paymentMethod: 'wallet' } as const;
const merchantAccount = ({ merchantId, currency }: PayoutDocument) => ({ kind: 'merchant', ownerId: merchantId, currency }) as const;
/** What was requested and waits for a decision. */
const waitingAccount = ({ merchantId, currency }: PayoutDocument) => ({ kind: 'payout', ownerId: merchantId, currency }) as const;
/** What has left the house. */
const paidAccount = ({ currency }: PayoutDocument) => ({ kind: 'system', ownerId: 'payouts', currency }) as const;

export function createPayouts(options: {
  mongo: Mongo;
  models: PayoutModels;
  ledger: Ledger;
  debts: Debts;
  merchants: Merchants;
  members: Members;
  fourEyes: FourEyes;
}): Payouts {
  const { mongo, models, ledger, debts, merchants, members, fourEyes } = options;
  const { payouts } = models;

  const announce = (tx: Tx, payout: PayoutDocument): void => {
    const { _id: payoutId, merchantId, merchantName, version } = payout;
    tx.emit('payout-updated', { payoutId, merchantId, merchantName, payout: presentPayout(payout), version }, { merchantId });
  };

  const listAll: Payouts['listAll'] = async ({ limit, cursor, status, merchantId }) => {
    const found = await payouts
      .find({ ...(merchantId === undefined ? {} : { merchantId }), ...(status === undefined ? {} : { status }), ...olderThan(cursor) })
      .sort(newestFirst)
      .limit(limit + 1)
      .lean<PayoutDocument[]>();
    return pageByTime(found, limit);
  };

  return {
    async request(tx, caller, merchantId, { amount, note }) {
      const { currency, name: merchantName } = await merchants.get(merchantId, tx);
      await members.assertOwner(tx, caller, merchantId, { action: 'payout.request', details: { amount, currency } });
      const payout: PayoutDocument = {
        _id: newId(),
        merchantId,
        merchantName,
        amount,
        currency,
        status: 'requested',
        requestedBy: caller.userId,
        ...(note === undefined ? {} : { note }),
        version: 1,
        createdAt: tx.now,
        updatedAt: tx.now,
      };
      await payouts.insertMany([payout], { session: tx.session });
      tx.auditChange({ before: null, after: presentPayout(payout) });
      announce(tx, payout);
      await bringUpToDate(tx, { ledger, debts }, merchantAccount(payout));
      const { changes } = await ledger.post(tx, {
        ...facts,
        key: `payout:${payout._id}`,
        description: 'Payout requested',
        legs: [
          { account: waitingAccount(payout), amount },
          // Last, as all of this merchant's debits and roll-ups meet there. It is guarded: ten requests at once take no more than there is.
          { account: merchantAccount(payout), amount: -amount },
        ],
      });
      for (const change of changes) announceBalance(tx, change, 'payout');
      return payout;
    },

    async decide(tx, caller, id, { decision, reference, reason }, ifMatch) {
      const payout = await payouts.findById(id, null, { session: tx.session }).lean<PayoutDocument>();
      if (!payout) throw new Problem('not-found', 'There is no such payout');
      checkIfMatch(ifMatch, payout.version, () => presentPayout(payout));
      if (payout.status !== 'requested') throw new Problem('invalid-transition', `The payout is ${payout.status}`);
      const isPaid = decision === 'accept';
      const eyes = await fourEyes(tx, caller, {
        own: isPaid && (payout.requestedBy === caller.userId || isMember(caller, payout.merchantId)),
        refusal: 'Another administrator accepts it than one who asked for it or is a member of the merchant',
      });
      const fields = {
        status: isPaid ? ('paid' as const) : ('declined' as const),
        updatedAt: tx.now,
        ...(reference === undefined ? {} : { reference }),
        ...(reason === undefined ? {} : { reason }),
      };
      const decided = await payouts
        // Of two decisions at once, one conflicts here, runs again and finds the other's.
        .findOneAndUpdate(
          { _id: id, status: 'requested', version: payout.version },
          { $set: fields, $inc: { version: 1 } },
          { session: tx.session, returnDocument: 'after' },
        )
        .lean<PayoutDocument>();
      if (!decided) throw new Problem('version-mismatch', undefined, { current: presentPayout(payout) });
      announce(tx, decided);
      const { amount, currency, merchantId } = decided;
      await tx.audit({
        action: `payout.${decision}`,
        target: `payout:${id}`,
        details: {
          merchantId,
          amount,
          currency,
          ...(reference === undefined ? {} : { reference }),
          ...(reason === undefined ? {} : { reason }),
          ...eyes,
        },
        before: presentPayout(payout),
        after: presentPayout(decided),
      });
      // One key for both decisions: the ledger takes only one.
      const key = `payout-decision:${id}`;
      const { changes } = await ledger.post(tx, {
        ...facts,
        key,
        description: isPaid ? 'Payout' : 'Payout declined',
        legs: [
          { account: waitingAccount(decided), amount: -amount },
          isPaid ? { account: paidAccount(decided), amount } : { account: merchantAccount(decided), amount, atOnce: true },
        ],
      });
      for (const change of changes) announceBalance(tx, change, 'payout');
      if (isPaid) return decided;
      // It may owe more than when it asked: what comes back is no more its own than a sale.
      for (const change of await debts.settle(tx, merchantAccount(decided), { key, amount })) announceBalance(tx, change, 'debt');
      return decided;
    },

    async list(caller, merchantId, query) {
      await merchants.get(merchantId);
      await assertMayLook(mongo, caller, merchantId, 'payouts');
      return listAll({ ...query, merchantId });
    },

    listAll,
  };
}
