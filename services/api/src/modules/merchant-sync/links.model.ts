import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

/** What we know of a merchant that another system keeps, too. Each news of it writes this: two at once take their turns here. */
export interface LinkDocument {
  /** Our merchant's id. */
  _id: string;
  /** The other system's; missing where it uses ours. */
  externalId?: string;
  /** Of the newest news that was done, by its sender's clock. */
  merchantAt?: Date;
  subscriptionAt?: Date;
  logoAt?: Date;
  /** The merchant's version after that news: another one was made here. */
  merchantVersion?: number;
}

const linkSchema = new Schema<LinkDocument>(
  {
    _id: { type: String, required: true },
    externalId: String,
    merchantAt: Date,
    subscriptionAt: Date,
    logoAt: Date,
    merchantVersion: Number,
  },
  { versionKey: false, strict: 'throw', collection: 'merchant_links' },
);
linkSchema.index({ externalId: 1 }, { unique: true, sparse: true });

export interface LinkModels {
  links: Model<LinkDocument>;
}

export function linkModels({ connection }: Pick<Mongo, 'connection'>): LinkModels {
  return { links: connection.models['MerchantLink'] ?? connection.model<LinkDocument>('MerchantLink', linkSchema) };
}
