import type { Mongo } from '@tidings/platform';
import { collections } from '@tidings/feed';

interface LeaseDocument {
  _id: string;
  holder: string | null;
  term: number;
  expiresAt: Date;
}

/**
 * Elects one leader. All times are the server's (`$$NOW`), so clocks that differ do no harm. Each acquisition gets a higher term: what an
 * earlier leader still writes can be told from it and refused.
 */
export interface Lease {
  /** The term when this process is now the leader, otherwise null. */
  acquire(): Promise<number | null>;
  /** False: the lease is somebody else's. */
  renew(term: number): Promise<boolean>;
  /** Gives it up at once, so that a standby need not wait for it to expire. */
  release(term: number): Promise<void>;
}

export function createLease(mongo: Mongo, holder: string, ttlMs: number): Lease {
  const leases = mongo.db.collection<LeaseDocument>(collections.relayLease);
  const expiresAt = { $add: ['$$NOW', ttlMs] };
  return {
    async acquire() {
      await leases.updateOne({ _id: 'relay' }, { $setOnInsert: { holder: null, term: 0, expiresAt: new Date(0) } }, { upsert: true });
      const taken = await leases.findOneAndUpdate(
        { _id: 'relay', $expr: { $lt: ['$expiresAt', '$$NOW'] } },
        [{ $set: { holder, term: { $add: ['$term', 1] }, expiresAt } }],
        { returnDocument: 'after' },
      );
      return taken?.term ?? null;
    },
    async renew(term) {
      return (await leases.updateOne({ _id: 'relay', holder, term }, [{ $set: { expiresAt } }])).matchedCount === 1;
    },
    async release(term) {
      await leases.updateOne({ _id: 'relay', holder, term }, { $set: { expiresAt: new Date(0) } });
    },
  };
}
