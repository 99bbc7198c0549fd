import type { Contacts, Item, Merchant, MerchantView, Selling } from '@tidings/contracts';
import type { ItemDocument, MerchantDocument } from './merchants.model.js';
import type { SellingDocument } from './selling.model.js';
import { mayTrade } from './standing.js';

/** The fields that everybody may see. */
export function presentMerchant(merchant: MerchantDocument): Merchant {
  const { _id, name, logo, description, category, isActive, currency, timeZone, version, createdAt, updatedAt } = merchant;
  return {
    id: _id,
    name,
    ...(logo === undefined ? {} : { logo }),
    ...(description === undefined ? {} : { description }),
    ...(category === undefined ? {} : { category }),
    isActive,
    currency,
    timeZone,
    version,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

/** For administrators only. */
export function presentContacts({ ownerName, email, phone, address }: MerchantDocument): Contacts {
  return { ownerName, email, ...(phone === undefined ? {} : { phone }), ...(address === undefined ? {} : { address }) };
}

/** As administrators see it. */
export const viewForAdmins = (merchant: MerchantDocument): MerchantView => ({
  ...presentMerchant(merchant),
  contacts: presentContacts(merchant),
});

export function presentItem(item: ItemDocument): Item {
  const { _id, merchantId, name, price, currency, stock, options, note, available, version, createdAt, updatedAt } = item;
  return {
    id: _id,
    vendorId: merchantId,
    name,
    price,
    currency,
    stock: stock ?? null,
    options,
    ...(note === undefined ? {} : { note }),
    available,
    version,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

/** As it is stored, not by the clock of whoever asks: what a live screen shows is what is fetched, until the turn is told to both. */
export function presentSelling({ merchant, selling }: { merchant: MerchantDocument; selling: SellingDocument }): Selling {
  const { hours, exceptions, unclaimed, pause, paused, nextChangeAt, version } = selling;
  return {
    vendorId: merchant._id,
    open: mayTrade(merchant) && selling.open,
    paused,
    pausedUntil: paused ? (pause?.until?.toISOString() ?? null) : null,
    nextChangeAt: nextChangeAt?.toISOString() ?? null,
    timeZone: merchant.timeZone,
    hours,
    exceptions,
    unclaimed,
    version,
  };
}
