import type { Contacts, Item, Merchant } from '@tidings/contracts';
import type { ItemDocument, MerchantDocument } from './merchants.model.js';

/** The fields that everybody may see. */
export function presentMerchant(merchant: MerchantDocument): Merchant {
  const { _id, name, description, category, isActive, currency, timeZone, version, createdAt, updatedAt } = merchant;
  return {
    id: _id,
    name,
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
