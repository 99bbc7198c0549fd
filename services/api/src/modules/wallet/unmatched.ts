import { idSchema, Problem, type Principal, type UnmatchedPayment, type UnmatchedPaymentsQuery } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';
import { newestFirst, olderThan, pageByTime, type Paged } from '../../http/lists.js';
import type { FourEyes } from '../identity/index.js';
import { unusable, type Outcome, type Reported } from './payment-names.js';
import { unannouncedId, type ProviderPayment, type TopUps } from './top-ups.js';
import type { TopUpDocument, UnmatchedDocument, WalletModels } from './wallet.model.js';

/** A payment that came without having been asked for at the provider, and what it says of who made it. */
export type ReceivedPayment = Reported<Omit<ProviderPayment, 'topUpId' | 'orderRef'>> & {
  /** What the payer or the link put into the form: should be a top-up's id, and may be anything. */
  reference?: string | undefined;
  email?: string | undefined;
};

export interface UnmatchedPayments {
  /**
   * Credits the top-up that the reference names, else the user whose address was found to be theirs; what is nobody's is put on the list.
   * An address that nobody has verified counts for nothing: anyone may register with another one's.
   */
  receive(tx: Tx, payment: ReceivedPayment): Promise<Outcome>;
  /** It was credited another way: it is on the list of open ones no more. */
  credited(tx: Tx, payment: Reported<{ providerRef: string }>): Promise<void>;
  /** Newest first. */
  list(query: UnmatchedPaymentsQuery): Promise<Paged<UnmatchedDocument>>;
  /**
   * Credits it to this user; again, changes nothing.
   * @throws Problem `not-found` (the payment or the user); `invalid-transition` when it has been credited to somebody; `forbidden` for
   *   oneself (see `FourEyes`)
   */
  assign(tx: Tx, caller: Principal, id: string, userId: string): Promise<UnmatchedDocument>;
}

interface StoredUser {
  _id: string;
  email: string;
  emailVerifiedAt?: Date;
}

export function createUnmatched(options: { mongo: Mongo; models: WalletModels; topUps: TopUps; fourEyes: FourEyes }): UnmatchedPayments {
  const { mongo, models, topUps, fourEyes } = options;
  const { unmatched } = models;
  const users = mongo.db.collection<StoredUser>('users');

  const named = async (tx: Tx, reference: string | undefined): Promise<boolean> =>
    reference !== undefined &&
    idSchema.safeParse(reference).success &&
    (await models.topUps.exists({ _id: reference }).session(tx.session)) !== null;

  const close = async (tx: Tx, _id: string, userId: string, topUpId: string): Promise<UnmatchedDocument | null> =>
    unmatched
      .findOneAndUpdate(
        { _id, state: 'open' },
        { $set: { state: 'assigned', userId, topUpId, assignedAt: tx.now } },
        { session: tx.session, returnDocument: 'after' },
      )
      .lean<UnmatchedDocument>();

  return {
    async receive(tx, payment) {
      const { session } = tx;
      const { provider, providerRef, amount, currency, reference, email } = payment;
      const wrong = unusable(amount);
      if (wrong) return wrong;
      const _id = unannouncedId(payment);
      if (await named(tx, reference)) {
        const outcome = await topUps.credit(tx, { ...payment, topUpId: reference });
        const topUp = outcome.state === 'processed' ? await models.topUps.findById(reference, null, { session }) : null;
        // Another automation may have told of it without the reference.
        if (topUp) await close(tx, _id, topUp.userId, topUp._id);
        return outcome;
      }
      const known = await models.topUps.exists({ provider, providerRef }).session(session);
      if (known) return { state: 'ignored', reason: 'The payment has been credited' };
      if (await unmatched.exists({ _id }).session(session)) return { state: 'ignored', reason: 'It is on the list of unmatched payments' };
      const user = email ? await users.findOne({ email, emailVerifiedAt: { $exists: true } }, { session }) : null;
      if (user) return topUps.creditUnannounced(tx, user._id, payment);
      await unmatched.insertMany(
        [
          {
            _id,
            provider,
            paymentId: providerRef,
            amount,
            currency,
            ...(email ? { email } : {}),
            ...(reference ? { reference } : {}),
            state: 'open' as const,
            createdAt: tx.now,
          },
        ],
        { session },
      );
      return { state: 'unmatched', reason: 'Neither its reference nor a verified address says whose it is' };
    },

    async credited(tx, { provider, providerRef }) {
      const topUp = await models.topUps.findOne({ provider, providerRef }, { userId: 1 }, { session: tx.session }).lean<TopUpDocument>();
      if (topUp) await close(tx, unannouncedId({ provider, providerRef }), topUp.userId, topUp._id);
    },

    async list({ limit, cursor, state }) {
      const found = await unmatched
        .find({ ...(state ? { state } : {}), ...olderThan(cursor) })
        .sort(newestFirst)
        .limit(limit + 1)
        .lean<UnmatchedDocument[]>();
      return pageByTime(found, limit);
    },

    async assign(tx, caller, id, userId) {
      const { session } = tx;
      const payment = await unmatched.findById(id, null, { session }).lean<UnmatchedDocument>();
      if (!payment) throw new Problem('not-found');
      if (!(await users.findOne({ _id: userId }, { session }))) throw new Problem('not-found', 'There is no such user');
      if (payment.state === 'assigned' && payment.userId === userId) return payment;
      if (payment.state === 'assigned') throw new Problem('invalid-transition', 'It was assigned to another user');
      const eyes = await fourEyes(tx, caller, { own: userId === caller.userId, refusal: 'Another administrator assigns you a payment' });
      const { provider, amount, currency, paymentId: providerRef } = payment;
      const outcome = await topUps.creditUnannounced(tx, userId, { provider, providerRef, amount, currency });
      if (outcome.state !== 'processed')
        throw new Problem('invalid-transition', 'reason' in outcome ? outcome.reason : 'It cannot be credited');
      await tx.audit({ action: 'payment.assign', target: `payment:${id}`, details: { userId, amount, currency, ...eyes } });
      const assigned = await close(tx, id, userId, id);
      if (!assigned) throw new Error(`The payment ${id} changed while it was assigned`);
      tx.auditChange({ before: presentUnmatched(payment), after: presentUnmatched(assigned) });
      return assigned;
    },
  };
}

export function presentUnmatched(payment: UnmatchedDocument): UnmatchedPayment {
  const { _id, provider, paymentId, amount, currency, email, reference, state, userId, topUpId, createdAt, assignedAt } = payment;
  return {
    id: _id,
    provider,
    paymentId,
    amount,
    currency,
    ...(email ? { email } : {}),
    ...(reference ? { reference } : {}),
    state,
    ...(userId ? { userId } : {}),
    ...(topUpId ? { topUpId } : {}),
    receivedAt: createdAt.toISOString(),
    ...(assignedAt ? { assignedAt: assignedAt.toISOString() } : {}),
  };
}
