import type { Tx } from '@tidings/feed';
import { gather } from '@tidings/platform';
import { takeStockTurn, type Items } from './items.js';
import type { ItemDocument, MerchantDocument, MerchantModels } from './merchants.model.js';
import type { SellingDocument, SellingModels } from './selling.model.js';

/** What an order needs to know of a merchant. */
export interface Menu {
  /** null: there is none, or it was deleted. */
  merchant: MerchantDocument | null;
  /** null: it has set nothing. */
  selling: SellingDocument | null;
  /** Those that were asked for. */
  offered: readonly ItemDocument[];
}

interface Wanted {
  merchantId: string;
  /** Ids or names of items. */
  names: readonly string[];
  /** The items as the transaction sees them, where it has checked something of them. */
  asSeen?: boolean;
}

export interface Menus {
  /**
   * Reads apart from the transaction, and together with whoever asks meanwhile: of a busy vendor each order needs the same. Nothing is kept, so
   * that it is no older than the question. A transaction reads a snapshot and locks nothing that it only reads, so this is as exact; what an
   * order writes (the stock) it has to read in its transaction, as `items` of the transaction does here when pieces are counted.
   */
  read(tx: Tx, wanted: Wanted): Promise<Menu>;
}

const byId = <T extends { _id: string }>(documents: readonly T[]): ReadonlyMap<string, T> =>
  new Map(documents.map((one) => [one._id, one]));

export function createMenus(models: MerchantModels & SellingModels, items: Items): Menus {
  const load = gather(async (wanted: readonly Wanted[]) => {
    const ids = [...new Set(wanted.map(({ merchantId }) => merchantId))];
    const names = [...new Set(wanted.flatMap((one) => one.names))];
    const [merchants, sellings, offered] = await Promise.all([
      models.merchants.find({ _id: { $in: ids } }).lean<MerchantDocument[]>(),
      models.sellings.find({ _id: { $in: ids } }).lean<SellingDocument[]>(),
      models.items.find({ _id: { $in: names } }).lean<ItemDocument[]>(),
    ]);
    return { merchants: byId(merchants), sellings: byId(sellings), items: byId(offered) };
  });

  return {
    async read(tx, wanted) {
      const { merchantId, names, asSeen = false } = wanted;
      const found = await load(wanted);
      const merchant = found.merchants.get(merchantId);
      const offered = [...new Set(names)].flatMap((name) => found.items.get(name) ?? []);
      // Before the transaction reads anything: who has to wait begins anew.
      takeStockTurn(
        tx,
        offered.filter(({ stock }) => stock !== null).map(({ _id }) => _id),
      );
      const isPlain =
        !asSeen && offered.length === new Set(names).size && offered.every((item) => item.merchantId === merchantId && item.stock === null);
      return {
        merchant: merchant && merchant.deletedAt === null ? merchant : null,
        selling: found.sellings.get(merchantId) ?? null,
        // Also those that are named otherwise than by id, or counted.
        offered: isPlain ? offered.filter(({ deletedAt }) => deletedAt === null) : await items.find(tx, merchantId, names),
      };
    },
  };
}
