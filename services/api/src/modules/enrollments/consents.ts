import { Problem, type Party } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import type { ConsentDocument, EnrollmentModels } from './enrollments.model.js';

export type Pair = Pick<ConsentDocument, 'merchantId' | 'userId'>;

export interface Consents {
  /** To be called before anything that begins or ends an enrollment; of two at once the second runs again and sees what the first did. */
  take(tx: Tx, pair: Pair): Promise<void>;
  /** As it stands in the transaction, behind `take`. */
  of(tx: Tx, pair: Pair): Promise<ConsentDocument>;
  /** The business does not ask before that time, or a later one that is set; null: it may. */
  askAgain(tx: Tx, pair: Pair, at: Date | null): Promise<void>;
  block(tx: Tx, pair: Pair, side: Party): Promise<void>;
  unblock(tx: Tx, pair: Pair, side: Party): Promise<void>;
}

export function createConsents({ consents }: Pick<EnrollmentModels, 'consents'>): Consents {
  const idOf = ({ merchantId, userId }: Pair): string => `${merchantId}:${userId}`;
  const change = async (tx: Tx, pair: Pair, update: object): Promise<void> => {
    await consents.updateOne({ _id: idOf(pair) }, update, { session: tx.session });
  };
  return {
    async take({ session }, { merchantId, userId }) {
      await consents.updateOne(
        { _id: idOf({ merchantId, userId }) },
        { $inc: { turns: 1 }, $setOnInsert: { merchantId, userId, blockedBy: [], askAgainAt: null } },
        { session, upsert: true },
      );
    },
    async of({ session }, pair) {
      const found = await consents.findById(idOf(pair), null, { session }).lean<ConsentDocument>();
      if (!found) throw new Error(`Nobody has taken the turn of ${idOf(pair)}`);
      return found;
    },
    askAgain: (tx, pair, askAgainAt) => change(tx, pair, askAgainAt ? { $max: { askAgainAt } } : { $set: { askAgainAt } }),
    block: (tx, pair, side) => change(tx, pair, { $addToSet: { blockedBy: side } }),
    unblock: (tx, pair, side) => change(tx, pair, { $pull: { blockedBy: side } }),
  };
}

/** @throws Problem `enrollment-refused` */
export function assertMayAsk({ blockedBy, askAgainAt }: ConsentDocument, by: Party, now: Date): void {
  if (blockedBy.length > 0) throw new Problem('enrollment-refused', 'One side has blocked the other');
  if (by === 'merchant' && askAgainAt && now < askAgainAt)
    throw new Problem(
      'enrollment-refused',
      `The customer did not want this; you may ask again from ${askAgainAt.toISOString().slice(0, 10)} on`,
    );
}
