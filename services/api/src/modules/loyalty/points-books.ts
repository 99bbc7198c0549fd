import type { Mongo } from '@tidings/platform';
import { Schema } from 'mongoose';
import type { AccountDocument, AccountRef, Books, LedgerModels, PostingDocument, TransferDocument } from '../wallet/index.js';
import type { PointsFacts } from './loyalty.model.js';

/**
 * Points are kept by the same double entry as money, in books of their own: the unit is the program's id in the place of a currency, and
 * lists of money need not leave them out. What a program gives comes from its own account, which stands for what the business owes.
 */
export const pointsBooks: Books = { accounts: 'points_accounts', postings: 'points_postings' };

export const pointsOf = (userId: string, programId: string): AccountRef => ({ kind: 'user', ownerId: userId, currency: programId });
/** Set aside for rewards that are being handed out. */
export const heldPointsOf = (userId: string, programId: string): AccountRef => ({ kind: 'hold', ownerId: userId, currency: programId });
/** Many customers share it: its balance follows by roll-up. */
export const programAccount = (programId: string): AccountRef => ({ kind: 'system', ownerId: 'program', currency: programId });

const options = { versionKey: false, strict: 'throw' } as const;
const text = { type: String, required: true } as const;
const integer = { type: Number, required: true, validate: Number.isSafeInteger } as const;
const time = { type: Date, required: true } as const;
const facts = { type: text, description: text, cardId: text, pointsId: String, redemptionId: String } as const;

const accountSchema = new Schema<AccountDocument>(
  { _id: text, kind: text, ownerId: text, currency: text, balance: integer, held: integer, version: integer, lastAt: time },
  { ...options, collection: pointsBooks.accounts },
);
const transferSchema = new Schema<TransferDocument<PointsFacts>>(
  { ...facts, _id: text, currency: text, at: time, amount: integer, userId: String, tx: String },
  { ...options, collection: 'points_transfers' },
);
const postingSchema = new Schema<PostingDocument<PointsFacts>>(
  {
    ...facts,
    _id: text,
    account: text,
    transferId: text,
    amount: integer,
    currency: text,
    balanceAfter: Number,
    accountVersion: Number,
    pending: Boolean,
    at: time,
  },
  { ...options, collection: pointsBooks.postings },
);
postingSchema.index({ account: 1, accountVersion: -1 });
postingSchema.index({ transferId: 1 });
postingSchema.index({ pending: 1, account: 1 }, { partialFilterExpression: { pending: true } });

export function pointsLedgerModels({ connection }: Pick<Mongo, 'connection'>): LedgerModels<PointsFacts> {
  const { models } = connection;
  return {
    accounts: models['PointsAccount'] ?? connection.model<AccountDocument>('PointsAccount', accountSchema),
    transfers: models['PointsTransfer'] ?? connection.model<TransferDocument<PointsFacts>>('PointsTransfer', transferSchema),
    postings: models['PointsPosting'] ?? connection.model<PostingDocument<PointsFacts>>('PointsPosting', postingSchema),
  };
}
