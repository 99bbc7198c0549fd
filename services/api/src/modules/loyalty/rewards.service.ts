import { Problem, type Principal, type RewardInput, type RewardPatch } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { newId } from '@tidings/platform';
import { checkIfMatch } from '../../http/etag.js';
import { newestFirst, olderThan, pageByTime, type Paged } from '../../http/lists.js';
import { assertMayChange, type Merchants } from '../merchants/index.js';
import type { LoyaltyModels, RewardDocument } from './loyalty.model.js';
import { presentReward } from './loyalty.presenter.js';
import type { Programs } from './programs.service.js';

export interface RewardsQuery {
  limit: number;
  cursor?: string | undefined;
  programId?: string | undefined;
  active?: boolean | undefined;
}

export interface Rewards {
  /** @throws Problem `forbidden`, `not-found` (the merchant, the program), `already-exists` when there are too many */
  create(tx: Tx, caller: Principal, merchantId: string, input: RewardInput): Promise<RewardDocument>;
  /** @throws Problem `forbidden`, `not-found`, `version-mismatch` */
  update(tx: Tx, caller: Principal, merchantId: string, id: string, patch: RewardPatch, ifMatch?: string): Promise<RewardDocument>;
  /** Newest first. @throws Problem `not-found` (the merchant) */
  list(merchantId: string, query: RewardsQuery): Promise<Paged<RewardDocument>>;
  /** On offer in a program. @throws Problem `not-found`, `item-unavailable` */
  offered(tx: Tx, programId: string, id: string): Promise<RewardDocument>;
  /** One from the stock, where somebody counts. Many share it: call it last. @throws Problem `out-of-stock` */
  take(tx: Tx, reward: RewardDocument): Promise<void>;
  /** Back to the stock, where somebody still counts. */
  putBack(tx: Tx, id: string): Promise<void>;
}

/** What one merchant may have. */
const mostRewards = 500;

export function createRewards(parts: { models: LoyaltyModels; programs: Programs; merchants: Merchants }): Rewards {
  const { models, programs, merchants } = parts;
  const { rewards } = models;

  const announce = (tx: Tx, reward: RewardDocument): void => {
    const { _id: rewardId, merchantId, version } = reward;
    tx.emit('reward-updated', { rewardId, businessId: merchantId, reward: presentReward(reward), version }, { merchantId });
  };

  /** Adds to the stock; null when there is not so much, or nobody counts. */
  const count = (tx: Tx, _id: string, change: 1 | -1): Promise<RewardDocument | null> =>
    rewards
      .findOneAndUpdate(
        { _id, stock: { $gte: Math.max(0, -change) } },
        { $inc: { stock: change, version: 1 }, $set: { updatedAt: tx.now } },
        { session: tx.session, returnDocument: 'after' },
      )
      .lean<RewardDocument>();

  return {
    async create(tx, caller, merchantId, input) {
      await merchants.get(merchantId, tx);
      await assertMayChange(tx, caller, merchantId, { action: 'reward.create', details: { name: input.name } });
      await programs.get(merchantId, input.programId, tx);
      if ((await rewards.countDocuments({ merchantId }).session(tx.session)) >= mostRewards)
        throw new Problem('already-exists', `A merchant has at most ${mostRewards} rewards`);
      const reward: RewardDocument = { ...input, _id: newId(), merchantId, version: 1, createdAt: tx.now, updatedAt: tx.now };
      await rewards.insertMany([reward], { session: tx.session });
      tx.auditChange({ before: null, after: presentReward(reward) });
      announce(tx, reward);
      return reward;
    },

    async update(tx, caller, merchantId, id, patch, ifMatch) {
      await assertMayChange(tx, caller, merchantId, { action: 'reward.update', details: { rewardId: id, changed: Object.keys(patch) } });
      const reward = await rewards.findOne({ _id: id, merchantId }, null, { session: tx.session }).lean<RewardDocument>();
      if (!reward) throw missing();
      checkIfMatch(ifMatch, reward.version, () => presentReward(reward));
      const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined)) as Partial<RewardDocument>;
      const changed = await rewards
        .findOneAndUpdate(
          { _id: id, version: reward.version },
          { $set: { ...given, updatedAt: tx.now }, $inc: { version: 1 } },
          { session: tx.session, returnDocument: 'after' },
        )
        .lean<RewardDocument>();
      if (!changed) throw new Problem('version-mismatch', undefined, { current: presentReward(reward) });
      tx.auditChange({ before: presentReward(reward), after: presentReward(changed) });
      announce(tx, changed);
      return changed;
    },

    async list(merchantId, { limit, cursor, programId, active }) {
      await merchants.get(merchantId);
      const found = await rewards
        .find({
          merchantId,
          ...(programId === undefined ? {} : { programId }),
          ...(active === undefined ? {} : { isActive: active }),
          ...olderThan(cursor),
        })
        .sort(newestFirst)
        .limit(limit + 1)
        .lean<RewardDocument[]>();
      return pageByTime(found, limit);
    },

    async offered(tx, programId, id) {
      const reward = await rewards.findOne({ _id: id, programId }, null, { session: tx.session }).lean<RewardDocument>();
      if (!reward) throw missing();
      if (!reward.isActive) throw new Problem('item-unavailable', `${reward.name} is not on offer`);
      return reward;
    },

    async take(tx, { _id, name, stock }) {
      if (stock === null) return;
      const taken = await count(tx, _id, -1);
      if (!taken) throw new Problem('out-of-stock', `There is no ${name} left`);
      announce(tx, taken);
    },

    async putBack(tx, id) {
      const counted = await count(tx, id, 1);
      if (counted) announce(tx, counted);
    },
  };
}

const missing = (): Problem => new Problem('not-found', 'There is no such reward');
