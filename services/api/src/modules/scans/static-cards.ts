import { randomBytes } from 'node:crypto';
import { Problem } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import type { CodeOf, Codes } from '../../codes/codes.js';
import type { ShownCode } from '../../codes/qr-image.js';
import type { ScanModels } from './scans.model.js';

export interface StaticCards {
  /** The same until it is renewed; made when it is first asked for. */
  show(userId: string): Promise<ShownCode>;
  /** Every card that was printed before is void. */
  renew(tx: Tx, userId: string): Promise<void>;
  /** @throws Problem `code-expired` for a card that was renewed */
  assertCurrent(tx: Tx, code: CodeOf<'card'>): Promise<void>;
}

const newSerial = (): string => randomBytes(8).toString('base64url');

export function createStaticCards({ staticCards }: Pick<ScanModels, 'staticCards'>, codes: Codes): StaticCards {
  return {
    async show(userId) {
      const card = await staticCards
        .findOneAndUpdate(
          { _id: userId },
          { $setOnInsert: { serial: newSerial(), createdAt: new Date() } },
          { upsert: true, returnDocument: 'after' },
        )
        .lean();
      if (!card) throw new Error(`The card of ${userId} was neither found nor made`);
      return { code: codes.sign({ kind: 'card', userId, serial: card.serial }), expiresAt: null };
    },

    async renew({ session, now }, userId) {
      await staticCards.updateOne({ _id: userId }, { $set: { serial: newSerial(), createdAt: now } }, { session, upsert: true });
    },

    async assertCurrent({ session }, { userId, serial }) {
      if (!(await staticCards.exists({ _id: userId, serial }).session(session)))
        throw new Problem('code-expired', 'The card was renewed; scan the new one');
    },
  };
}
