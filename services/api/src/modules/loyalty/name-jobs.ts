import type { Tx } from '@tidings/feed';
import { z } from 'zod';
import type { NameFollower } from '../merchants/index.js';
import type { ProgramDocument } from './loyalty.model.js';

export const namesJobKind = 'loyalty-names';
/** `run` names the change of a name; `after` is the last card that has followed. */
export const namesJobSchema = z.strictObject({ merchantId: z.string(), run: z.string(), after: z.string() });

export const scheduleNames = (tx: Tx, data: z.output<typeof namesJobSchema>, dueAt?: Date): Promise<void> =>
  tx.job({ kind: namesJobKind, key: `${namesJobKind}:${data.run}:${data.after || 'first'}`, data, ...(dueAt ? { dueAt } : {}) });

/** In the transaction in which a merchant gets another name: its programs and their cards follow, in batches. */
export const followMerchantName: NameFollower = (tx, { _id, version }) =>
  scheduleNames(tx, { merchantId: _id, run: `${_id}:${version}`, after: '' });

/** As `followMerchantName`, of one of its programs. */
export const followProgramName = (tx: Tx, { _id, merchantId, version }: ProgramDocument): Promise<void> =>
  scheduleNames(tx, { merchantId, run: `${_id}:${version}`, after: '' });
