import type { Item } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

export interface MerchantDocument {
  _id: string;
  name: string;
  ownerName: string;
  email: string;
  phone?: string;
  address?: string;
  description?: string;
  category?: string;
  logo?: { fileId: string; width: number; height: number };
  isActive: boolean;
  currency: string;
  timeZone: string;
  /** The e-mail address, by which there is one merchant. Gone when it is deleted, so that the address is free again. */
  emailKey?: string;
  /** The name as it is sorted and searched; see `nameKeyOf`. */
  nameKey?: string;
  /** Every beginning of the name from each of its words on: what `q` is looked up in. Gone when it is deleted. */
  prefixes?: string[];
  version: number;
  /** Counts the changes of its members, who stand with the users: two changes at once meet here. */
  membersVersion?: number;
  /** Whether paid orders earn points in one of its programs; kept by loyalty, so that an order of anybody else costs nothing more. */
  ordersEarn?: boolean;
  /** Counts the changes of its programs: two at once meet here. */
  programsVersion?: number;
  /** Its subscription lets it sell and scan no more; kept by subscriptions, so that an order need not look there. */
  stoppedBy?: 'expired' | 'suspended';
  /** Counts what was added of that which its plan limits: two at once meet here. */
  limitsVersion?: number;
  createdAt: Date;
  updatedAt: Date;
  deletedAt: Date | null;
}

export interface ItemDocument {
  _id: string;
  merchantId: string;
  name: string;
  /** Lower case, for look-ups by name; gone when the item is deleted, so that the name is free again. */
  nameKey?: string;
  price: number;
  currency: string;
  /** null: nobody counts. */
  stock: number | null;
  options: Item['options'];
  note?: string;
  available: boolean;
  version: number;
  createdAt: Date;
  updatedAt: Date;
  deletedAt: Date | null;
}

export interface MerchantModels {
  merchants: Model<MerchantDocument>;
  items: Model<ItemDocument>;
}

const options = { versionKey: false, strict: 'throw', minimize: false } as const;
const text = { type: String, required: true } as const;
const integer = { type: Number, required: true, validate: Number.isSafeInteger } as const;
const time = { type: Date, required: true } as const;
const flag = { type: Boolean, required: true } as const;

/**
 * The directory's orders, with what else it is filtered by. What stands behind `_id` is filtered in the index, so that only what is shown is read. A
 * search is a range of none, but one key: then the rest of the index is in the order of the list.
 */
export const directoryIndexes = [
  { deletedAt: 1, createdAt: -1, _id: -1 },
  { deletedAt: 1, isActive: 1, createdAt: -1, _id: -1 },
  { deletedAt: 1, category: 1, createdAt: -1, _id: -1, isActive: 1 },
  { deletedAt: 1, nameKey: 1, _id: 1, category: 1, isActive: 1 },
  { prefixes: 1, nameKey: 1, _id: 1, category: 1, isActive: 1 },
] as const;

const merchantSchema = new Schema<MerchantDocument>(
  {
    _id: text,
    name: text,
    ownerName: text,
    email: text,
    phone: String,
    address: String,
    description: String,
    category: String,
    logo: { type: Schema.Types.Mixed },
    isActive: flag,
    currency: text,
    timeZone: text,
    emailKey: String,
    nameKey: String,
    prefixes: { type: [String], default: undefined },
    version: integer,
    membersVersion: Number,
    ordersEarn: Boolean,
    programsVersion: Number,
    stoppedBy: String,
    limitsVersion: Number,
    createdAt: time,
    updatedAt: time,
    deletedAt: Date,
  },
  { ...options, collection: 'merchants' },
);
merchantSchema.index({ emailKey: 1 }, { unique: true, sparse: true });
for (const index of directoryIndexes) merchantSchema.index(index);

const itemSchema = new Schema<ItemDocument>(
  {
    _id: text,
    merchantId: text,
    name: text,
    nameKey: String,
    price: integer,
    currency: text,
    stock: { type: Number, default: null },
    options: { type: Schema.Types.Mixed, required: true },
    note: String,
    available: flag,
    version: integer,
    createdAt: time,
    updatedAt: time,
    deletedAt: Date,
  },
  { ...options, collection: 'items' },
);
itemSchema.index({ merchantId: 1, nameKey: 1 }, { unique: true, partialFilterExpression: { nameKey: { $type: 'string' } } });
itemSchema.index({ merchantId: 1, deletedAt: 1, createdAt: -1, _id: -1 });

export function merchantModels({ connection }: Pick<Mongo, 'connection'>): MerchantModels {
  return {
    merchants: connection.models['Merchant'] ?? connection.model<MerchantDocument>('Merchant', merchantSchema),
    items: connection.models['Item'] ?? connection.model<ItemDocument>('Item', itemSchema),
  };
}
