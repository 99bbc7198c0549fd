import { Problem } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';
import type { PassingCode } from './codes.js';

interface UsedCode {
  /** `{purpose}:{nonce}`. */
  _id: string;
  at: Date;
  /** Behind the code's own end: one that has expired is refused for that. */
  expiresAt: Date;
}

/** Above what the clocks of the replicas differ by. */
const kept = 3_600_000;

export interface UsedCodes {
  /**
   * Uses a code up, in the transaction of what it is used for: when that fails, the code is as good as before.
   * @param purpose what it is used up for, and by whom where each person may use it once
   * @throws Problem `code-used`
   */
  use(tx: Tx, code: Pick<PassingCode, 'nonce' | 'expiresAt'>, purpose: string): Promise<void>;
  /** As `use`, but answers whether it was good, for whoever has another answer to a used one. */
  spend(tx: Tx, code: Pick<PassingCode, 'nonce' | 'expiresAt'>, purpose: string): Promise<boolean>;
  start(): Promise<void>;
}

export function createUsedCodes({ db }: Pick<Mongo, 'db'>): UsedCodes {
  const used = db.collection<UsedCode>('used_codes');
  const spend: UsedCodes['spend'] = async ({ session, now }, { nonce, expiresAt }, purpose) => {
    // By an upsert and not by an insert: of two at once, the second conflicts, runs again, and finds the first.
    const { upsertedCount } = await used.updateOne(
      { _id: `${purpose}:${nonce}` },
      { $setOnInsert: { at: now, expiresAt: new Date(expiresAt + kept) } },
      { session, upsert: true },
    );
    return upsertedCount > 0;
  };
  return {
    spend,
    async use(tx, code, purpose) {
      if (!(await spend(tx, code, purpose))) throw new Problem('code-used');
    },
    async start() {
      await used.createIndex({ expiresAt: 1 }, { expireAfterSeconds: 0 });
    },
  };
}
