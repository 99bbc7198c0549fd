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
  isActive: boolean;
  currency: string;
  timeZone: string;
  /** Name and e-mail address, lower case: the same merchant is not added twice. Gone when it is deleted. */
  uniqueKey?: string;
  version: number;
  /** Counts the changes of its members, who stand with the users: two changes at once meet here. */
  membersVersion?: number;
  /** Whether paid orders earn points in one of its programs; kept by loyalty, so that an order of anybody else costs nothing more. */
  ordersEarn?: boolean;
  /** Counts the changes of its programs: two at once meet here. */
  programsVersion?: number;
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
    isActive: flag,
    currency: text,
    timeZone: text,
    uniqueKey: String,
    version: integer,
    membersVersion: Number,
    ordersEarn: Boolean,
    programsVersion: Number,
    createdAt: time,
    updatedAt: time,
    deletedAt: Date,
  },
  { ...options, collection: 'merchants' },
);
merchantSchema.index({ uniqueKey: 1 }, { unique: true, sparse: true });
merchantSchema.index({ deletedAt: 1, createdAt: -1, _id: -1 });
merchantSchema.index({ deletedAt: 1, category: 1, createdAt: -1, _id: -1 });

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
