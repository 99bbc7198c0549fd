import { Problem, type MerchantInput } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { newId, type Mongo } from '@tidings/platform';
import { newestFirst, olderThan, pageByTime, type Paged } from '../../http/lists.js';
import type { MerchantDocument, MerchantModels } from './merchants.model.js';
import { presentContacts, presentMerchant } from './merchants.presenter.js';

export interface Merchants {
  /** @throws Problem `already-exists` when one with this name and e-mail address does */
  create(tx: Tx, input: MerchantInput): Promise<MerchantDocument>;
  /** Newest first. */
  list(query: { limit: number; cursor?: string | undefined; category?: string | undefined }): Promise<Paged<MerchantDocument>>;
  /** @throws Problem `not-found`, also for a deleted one */
  get(id: string, tx?: Tx): Promise<MerchantDocument>;
  /** As `get`, with null for one that does not exist or was deleted. */
  find(id: string, tx?: Tx): Promise<MerchantDocument | null>;
  /** Notes whether paid orders earn points there. Of two changes of its programs at once, one runs again and sees the other. */
  markOrdersEarn(tx: Tx, id: string, earn: boolean): Promise<void>;
}

export function createMerchants(options: {
  mongo: Mongo;
  models: MerchantModels;
  defaultCurrency: string;
  defaultTimeZone: string;
}): Merchants {
  const { mongo, models, defaultCurrency, defaultTimeZone } = options;
  const { merchants } = models;
  const users = mongo.db.collection<{ _id: string; email: string }>('users');

  const find: Merchants['find'] = (id, tx) =>
    merchants.findOne({ _id: id, deletedAt: null }, null, { session: tx?.session ?? null }).lean<MerchantDocument>();

  return {
    find,

    async create(tx, input) {
      const {
        name,
        ownerName,
        email,
        phone,
        address,
        description,
        category,
        isActive = true,
        currency = defaultCurrency,
        timeZone = defaultTimeZone,
      } = input;
      const uniqueKey = `${name}|${email}`.toLowerCase();
      if (await merchants.exists({ uniqueKey }).session(tx.session))
        throw new Problem('already-exists', 'A merchant with this name and e-mail address exists');
      const merchant: MerchantDocument = {
        _id: newId(),
        name,
        ownerName,
        email,
        ...(phone === undefined ? {} : { phone }),
        ...(address === undefined ? {} : { address }),
        ...(description === undefined ? {} : { description }),
        ...(category === undefined ? {} : { category }),
        isActive,
        currency,
        timeZone,
        uniqueKey,
        version: 1,
        createdAt: tx.now,
        updatedAt: tx.now,
        deletedAt: null,
      };
      await merchants.insertMany([merchant], { session: tx.session });
      await tx.audit({ action: 'merchant.create', target: `merchant:${merchant._id}`, details: { name } });
      const admin = tx.actor === null ? null : await users.findOne({ _id: tx.actor }, { session: tx.session, projection: { email: 1 } });
      tx.emit(
        'merchant-created',
        {
          merchantId: merchant._id,
          merchant: presentMerchant(merchant),
          contacts: presentContacts(merchant),
          ...(admin ? { adminEmail: admin.email } : {}),
        },
        { merchantId: merchant._id, byAdmin: true },
      );
      return merchant;
    },

    async list({ limit, cursor, category }) {
      const found = await merchants
        .find({ deletedAt: null, ...(category === undefined ? {} : { category }), ...olderThan(cursor) })
        .sort(newestFirst)
        .limit(limit + 1)
        .lean<MerchantDocument[]>();
      return pageByTime(found, limit);
    },

    async get(id, tx) {
      const merchant = await find(id, tx);
      if (!merchant) throw new Problem('not-found', 'There is no such merchant');
      return merchant;
    },

    async markOrdersEarn(tx, id, earn) {
      await merchants.updateOne({ _id: id }, { $set: { ordersEarn: earn }, $inc: { programsVersion: 1 } }, { session: tx.session });
    },
  };
}
