import { Problem, type ItemInput, type ItemPatch, type Principal } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { isDuplicateKey, newId } from '@tidings/platform';
import { checkIfMatch } from '../../http/etag.js';
import { newestFirst, olderThan, pageByTime, type Paged } from '../../http/lists.js';
import type { PlanLimits } from '../entitlements/index.js';
import { assertMayChange } from './members.js';
import type { ItemDocument, MerchantModels } from './merchants.model.js';
import { presentItem } from './merchants.presenter.js';
import type { Merchants } from './merchants.service.js';

export interface Items {
  list(merchantId: string, query: { limit: number; cursor?: string | undefined }): Promise<Paged<ItemDocument>>;
  /** @throws Problem `not-found` */
  get(merchantId: string, itemId: string, tx?: Tx): Promise<ItemDocument>;
  /** @throws Problem `forbidden`, `not-found`, `currency-mismatch`, `plan-limit`, `already-exists` (the name) */
  create(tx: Tx, caller: Principal, merchantId: string, input: ItemInput): Promise<ItemDocument>;
  /** @throws Problem as `create`, and `version-mismatch` */
  update(tx: Tx, caller: Principal, merchantId: string, itemId: string, patch: ItemPatch, ifMatch?: string): Promise<ItemDocument>;
  /** Takes it off the menu; orders keep it. @throws Problem `forbidden`, `not-found`, `version-mismatch` */
  remove(tx: Tx, caller: Principal, merchantId: string, itemId: string, ifMatch?: string): Promise<void>;
  /** Of this merchant, by id or by name. */
  find(tx: Tx, merchantId: string, names: readonly string[]): Promise<ItemDocument[]>;
  /**
   * Changes the stock of those items that are counted, by signed numbers. Many share these documents: call it last in the transaction.
   * @throws Problem `out-of-stock`; nothing goes below zero
   */
  moveStock(tx: Tx, changes: ReadonlyMap<string, number>): Promise<void>;
}

/** Of those who write the same counted items in this process, one after the other: at once they would only conflict. */
export function takeStockTurn(tx: Tx, itemIds: readonly string[]): void {
  tx.turn(itemIds.map((id) => `item:${id}`));
}

const nameKeyOf = (name: string): string => name.toLowerCase();

export function createItems(parts: { models: MerchantModels; merchants: Merchants; limits: PlanLimits }): Items {
  const { models, merchants, limits } = parts;
  const { items } = models;

  const announce = (tx: Tx, item: ItemDocument): void => {
    const deleted = item.deletedAt ? { deleted: true as const } : {};
    tx.emit('item-updated', { vendorId: item.merchantId, item: presentItem(item), ...deleted }, { merchantId: item.merchantId });
  };

  const change = async (
    tx: Tx,
    item: ItemDocument,
    update: { $set: Partial<ItemDocument>; $unset?: Record<string, 1> },
  ): Promise<ItemDocument> => {
    const changed = await items
      .findOneAndUpdate(
        { _id: item._id, version: item.version },
        { ...update, $set: { ...update.$set, updatedAt: tx.now }, $inc: { version: 1 } },
        { session: tx.session, returnDocument: 'after' },
      )
      .lean<ItemDocument>()
      .catch(asTaken);
    if (!changed) throw new Problem('version-mismatch', undefined, { current: presentItem(item) });
    announce(tx, changed);
    return changed;
  };

  const service: Items = {
    async list(merchantId, { limit, cursor }) {
      await merchants.get(merchantId);
      const found = await items
        .find({ merchantId, deletedAt: null, ...olderThan(cursor) })
        .sort(newestFirst)
        .limit(limit + 1)
        .lean<ItemDocument[]>();
      return pageByTime(found, limit);
    },

    async get(merchantId, itemId, tx) {
      const item = await items
        .findOne({ _id: itemId, merchantId, deletedAt: null }, null, { session: tx?.session ?? null })
        .lean<ItemDocument>();
      if (!item) throw new Problem('not-found', 'There is no such item');
      return item;
    },

    async create(tx, caller, merchantId, input) {
      const merchant = await merchants.get(merchantId, tx);
      await assertMayChange(tx, caller, merchantId, { action: 'item.create', details: { name: input.name } });
      const { name, price, currency = merchant.currency, stock = null, options = [], note, available = true } = input;
      if (currency !== merchant.currency) throw new Problem('currency-mismatch', `This merchant sells in ${merchant.currency}`);
      await limits.assertRoom(tx, merchantId, 'items', async () =>
        items.countDocuments({ merchantId, deletedAt: null }).session(tx.session),
      );
      const item: ItemDocument = {
        _id: newId(),
        merchantId,
        name,
        nameKey: nameKeyOf(name),
        price,
        currency,
        stock,
        options,
        ...(note === undefined ? {} : { note }),
        available,
        version: 1,
        createdAt: tx.now,
        updatedAt: tx.now,
        deletedAt: null,
      };
      await items.insertMany([item], { session: tx.session }).catch(asTaken);
      tx.auditChange({ before: null, after: presentItem(item) });
      announce(tx, item);
      return item;
    },

    async update(tx, caller, merchantId, itemId, patch, ifMatch) {
      takeStockTurn(tx, [itemId]);
      const merchant = await merchants.get(merchantId, tx);
      await assertMayChange(tx, caller, merchantId, { action: 'item.update', details: { itemId, changed: Object.keys(patch) } });
      const item = await service.get(merchantId, itemId, tx);
      checkIfMatch(ifMatch, item.version, () => presentItem(item));
      if (patch.currency !== undefined && patch.currency !== merchant.currency) {
        throw new Problem('currency-mismatch', `This merchant sells in ${merchant.currency}`);
      }
      const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined)) as Partial<ItemDocument>;
      const changed = await change(tx, item, {
        $set: { ...given, ...(patch.name === undefined ? {} : { nameKey: nameKeyOf(patch.name) }) },
      });
      tx.auditChange({ before: presentItem(item), after: presentItem(changed) });
      return changed;
    },

    async remove(tx, caller, merchantId, itemId, ifMatch) {
      takeStockTurn(tx, [itemId]);
      await assertMayChange(tx, caller, merchantId, { action: 'item.delete', details: { itemId } });
      const item = await service.get(merchantId, itemId, tx);
      checkIfMatch(ifMatch, item.version, () => presentItem(item));
      tx.auditChange({ before: presentItem(item), after: null });
      await change(tx, item, { $set: { deletedAt: tx.now, available: false }, $unset: { nameKey: 1 } });
    },

    async find(tx, merchantId, names) {
      return items
        .find({ merchantId, deletedAt: null, $or: [{ _id: { $in: [...names] } }, { nameKey: { $in: names.map(nameKeyOf) } }] }, null, {
          session: tx.session,
        })
        .lean<ItemDocument[]>();
    },

    async moveStock(tx, changes) {
      // Who has not known before (a cancellation, an item by its name) has it now, and holds it when this conflicts.
      takeStockTurn(tx, [...changes.keys()]);
      // In one order for all, so that two orders of the same items meet at the first and not crosswise.
      for (const [_id, amount] of [...changes].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
        const item = await items
          .findOneAndUpdate(
            { _id, stock: { $ne: null, $gte: Math.max(0, -amount) } },
            { $inc: { stock: amount, version: 1 }, $set: { updatedAt: tx.now } },
            { session: tx.session, returnDocument: 'after' },
          )
          .lean<ItemDocument>();
        if (item) announce(tx, item);
        else if (amount < 0 && (await items.exists({ _id, stock: { $ne: null } }).session(tx.session))) throw new Problem('out-of-stock');
      }
    },
  };
  return service;
}

function asTaken(error: unknown): never {
  if (isDuplicateKey(error, 'items')) throw new Problem('already-exists', 'The merchant has an item of this name');
  throw error;
}
