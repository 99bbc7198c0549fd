import { isAdmin, Problem, type Principal, type RedemptionStatus } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { newId, type Mongo } from '@tidings/platform';
import { codeValidMs, passing, type Codes } from '../../codes/codes.js';
import type { ShownCode } from '../../codes/qr-image.js';
import { newestFirst, olderThan, pageByTime, type Paged } from '../../http/lists.js';
import { assertMayChange, assertMayLook, isMember } from '../merchants/index.js';
import type { Cards } from './cards.js';
import type { CardDocument, LoyaltyModels, RedemptionDocument } from './loyalty.model.js';
import { presentRedemption } from './loyalty.presenter.js';
import type { Places } from './places.js';
import { redemptionExpiryJobKind, redemptionMs, type RedemptionSteps } from './redemption-steps.js';
import type { Holds } from './holds.js';
import type { Rewards } from './rewards.service.js';

/** So many wait on one card at most: whoever leaves or blocks cancels all of them in one transaction. */
const mostOpen = 50;

export interface RedemptionsQuery {
  limit: number;
  cursor?: string | undefined;
  businessId?: string | undefined;
  status?: RedemptionStatus | undefined;
}

export interface Redemptions {
  /**
   * By the customer: takes one from the stock and sets the points aside for 15 minutes.
   * @throws Problem `not-found` (the card, the reward), `forbidden` (members), `program-closed` (a closed card), `merchant-closed`,
   *   `item-unavailable`, `out-of-stock`, `insufficient-points`, `already-exists` when too many are on their way
   */
  request(tx: Tx, caller: Principal, cardId: string, rewardId: string): Promise<{ redemption: RedemptionDocument; card: CardDocument }>;
  /**
   * For the customer, while the reward is to be handed out; it changes, and the last ones stay valid until they expire.
   * @throws Problem `not-found` (also for other people's, and when nothing is left to be handed out), `forbidden` (members)
   */
  code(caller: Principal, id: string): Promise<ShownCode>;
  /**
   * By a member who has scanned the code: the points are spent.
   * @throws Problem `forbidden`, `code-invalid`, `code-expired` (also when its time is over), `code-foreign` (also of another merchant's), `own-code`,
   *   `code-used` (it was handed out before, by this code or another), `invalid-transition` (it was cancelled)
   */
  confirm(tx: Tx, caller: Principal, merchantId: string, text: string): Promise<RedemptionDocument>;
  /** By either side: points and stock come back. @throws Problem `not-found`, `invalid-transition` */
  cancel(tx: Tx, caller: Principal, id: string): Promise<RedemptionDocument>;
  /** The caller's own, or a business's; newest first. An administrator's look is audited. @throws Problem `forbidden` */
  list(caller: Principal, query: RedemptionsQuery): Promise<Paged<RedemptionDocument>>;
}

export function createRedemptions(parts: {
  mongo: Mongo;
  models: LoyaltyModels;
  cards: Cards;
  places: Places;
  holds: Holds;
  rewards: Rewards;
  steps: RedemptionSteps;
  codes: Codes;
}): Redemptions {
  const { mongo, models, cards, places, holds, rewards, steps, codes } = parts;
  const { redemptions } = models;

  const find = async (caller: Principal, id: string, tx?: Tx): Promise<RedemptionDocument> => {
    const redemption = await redemptions.findById(id, null, { session: tx?.session ?? null }).lean<RedemptionDocument>();
    const isParty = redemption && (redemption.userId === caller.userId || isMember(caller, redemption.merchantId) || isAdmin(caller.roles));
    if (!isParty) throw new Problem('not-found', 'There is no such redemption');
    return redemption;
  };

  return {
    async request(tx, caller, cardId, rewardId) {
      const card = await cards.get(caller, cardId, tx);
      if (card.userId !== caller.userId) throw new Problem('forbidden', 'Only the customer asks for a reward');
      const place = await places.of(tx, card);
      if (!place.mayGive) throw new Problem('merchant-closed');
      const reward = await rewards.offered(tx, card.programId, rewardId);
      if ((await redemptions.countDocuments({ cardId, status: 'requested' }).session(tx.session)) >= mostOpen)
        throw new Problem('already-exists', `${mostOpen} rewards wait to be handed out already`);
      const { userId, customerName, merchantId, merchantName, programId } = card;
      const { name: rewardName, cost } = reward;
      const _id = newId();
      const held = await holds.hold(tx, place, { _id, cost, rewardName });
      const redemption: RedemptionDocument = {
        _id,
        cardId,
        userId,
        customerName,
        merchantId,
        merchantName,
        programId,
        rewardId,
        rewardName,
        cost,
        fromStock: reward.stock !== null,
        status: 'requested',
        lots: held.lots,
        expiresAt: new Date(tx.now.getTime() + redemptionMs),
        version: 1,
        createdAt: tx.now,
        updatedAt: tx.now,
      };
      await redemptions.insertMany([redemption], { session: tx.session });
      await steps.tell(tx, held.card, redemption);
      await tx.job({
        kind: redemptionExpiryJobKind,
        key: `${redemptionExpiryJobKind}:${_id}`,
        data: { redemptionId: _id },
        dueAt: redemption.expiresAt,
      });
      await rewards.take(tx, reward);
      return { redemption, card: held.card };
    },

    async code(caller, id) {
      const { userId, status, expiresAt } = await find(caller, id);
      if (userId !== caller.userId) throw new Problem('forbidden', 'Only the customer shows the code of a reward');
      const now = new Date();
      const leftMs = expiresAt.getTime() - now.getTime();
      if (status !== 'requested' || leftMs <= 0) throw new Problem('not-found', 'There is nothing left to be handed out');
      const fields = { kind: 'redemption' as const, redemptionId: id, ...passing(now, Math.min(codeValidMs, leftMs)) };
      return { code: codes.sign(fields), expiresAt: fields.expiresAt };
    },

    async confirm(tx, caller, merchantId, text) {
      if (!isMember(caller, merchantId)) throw new Problem('forbidden', 'Only members of the merchant hand rewards out');
      const { redemptionId } = codes.readAs('redemption', text, tx.now);
      const redemption = await redemptions.findById(redemptionId, null, { session: tx.session }).lean<RedemptionDocument>();
      if (redemption?.merchantId !== merchantId) throw new Problem('code-foreign', "The code is of another merchant's reward");
      const { userId, status, expiresAt } = redemption;
      if (userId === caller.userId) throw new Problem('own-code', 'Another member hands out your own reward');
      if (status === 'confirmed') throw new Problem('code-used', 'The reward was handed out before');
      // The clock decides, not the job that writes it down.
      if (status === 'expired' || expiresAt <= tx.now) throw new Problem('code-expired', 'The reward was not picked up in time');
      return steps.confirm(tx, redemption);
    },

    async cancel(tx, caller, id) {
      const redemption = await find(caller, id, tx);
      if (redemption.userId !== caller.userId)
        await assertMayChange(tx, caller, redemption.merchantId, { action: 'redemption.cancel', details: { redemptionId: id } });
      const cancelled = await steps.end(tx, redemption, 'cancelled');
      tx.auditChange({ before: presentRedemption(redemption), after: presentRedemption(cancelled) });
      return cancelled;
    },

    async list(caller, { limit, cursor, businessId, status }) {
      if (businessId !== undefined) await assertMayLook(mongo, caller, businessId, 'redemptions');
      const found = await redemptions
        .find({
          ...(businessId === undefined ? { userId: caller.userId } : { merchantId: businessId }),
          ...(status === undefined ? {} : { status }),
          ...olderThan(cursor),
        })
        .sort(newestFirst)
        .limit(limit + 1)
        .lean<RedemptionDocument[]>();
      return pageByTime(found, limit);
    },
  };
}
