import { canonical, inTransaction, type ClientSession, type Mongo } from '@tidings/platform';
import { createHash } from 'node:crypto';
import type { AuditEntry, UnsealedMark } from './audit.js';
import { collections } from './documents.js';

/**
 * An entry's place in the chain, in `audit_seals`: apart from the entry, so that neither is ever written again. The number as `_id` is the
 * unique index that lets the chain have no fork.
 */
export interface AuditSeal {
  _id: number;
  entryId: string;
  /** SHA-256 over the whole entry as it is stored; null of one that was gone before it could be sealed, which stays to be seen for ever. */
  entryHash: string | null;
  sealedAt: Date;
  previousHash: string;
  /** SHA-256 over all above. */
  hash: string;
}

/** The end of the chain, in `audit_head`. */
export interface AuditHead {
  _id: 'head';
  seq: number;
  hash: string;
}

/** Before the first seal. */
export const genesisHash = '0'.repeat(64);

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export const entryHash = (entry: AuditEntry): string => sha256(canonical(entry));
export const sealHash = ({ _id, entryId, entryHash, sealedAt, previousHash }: Omit<AuditSeal, 'hash'>): string =>
  sha256(canonical([_id, previousHash, entryId, entryHash, sealedAt]));

export interface AuditSealer {
  /** Takes what an earlier version wrote into the chain: all of it the first time, of the last day later on. Call it before the first `run`. */
  adopt(): Promise<void>;
  /** Seals everything that is committed and not sealed. @throws Error when the chain has seals and no head: somebody took it */
  run(): Promise<void>;
}

const batchSize = 500;
const adoptedMs = 86_400_000;

/**
 * Numbers and chains the entries of the audit log, soon after their commits. An entry is sealed when it is seen: one whose transaction commits
 * late gets a later number, and none can be passed over, for the mark that was written with it stays until its seal is there. However many do
 * this, of two that meet one begins anew: both write the head, and a number is given once.
 */
export function createAuditSealer(mongo: Mongo): AuditSealer {
  const entries = mongo.db.collection<AuditEntry>(collections.audit);
  const marks = mongo.db.collection<UnsealedMark>(collections.auditUnsealed);
  const seals = mongo.db.collection<AuditSeal>(collections.auditSeals);
  const heads = mongo.db.collection<AuditHead>(collections.auditHead);

  const readHead = async (session?: ClientSession): Promise<AuditHead> => {
    const options = session ? { session } : {};
    const head = await heads.findOne({ _id: 'head' }, options);
    // To begin anew here would hide what was cut off.
    if (!head && (await seals.findOne({}, options))) throw new Error('The audit log has seals and no head: npm run audit:verify');
    return head ?? { _id: 'head', seq: 0, hash: genesisHash };
  };

  const seal = (): Promise<void> =>
    inTransaction(mongo, async (session) => {
      const waiting = await marks.find({}, { session }).sort({ _id: 1 }).limit(batchSize).toArray();
      if (waiting.length === 0) return;
      const ids = { $in: waiting.map(({ _id }) => _id) };
      const [before, found, sealed] = [
        await readHead(session),
        await entries.find({ _id: ids }, { session }).toArray(),
        await seals.find({ entryId: ids }, { session, projection: { entryId: 1 } }).toArray(),
      ];
      const byId = new Map(found.map((entry) => [entry._id, entry]));
      // Marked again by an adoption that another replica had begun.
      const done = new Set(sealed.map(({ entryId }) => entryId));
      const sealedAt = new Date();
      const added: AuditSeal[] = [];
      let { seq, hash } = before;
      for (const { _id: entryId } of waiting) {
        if (done.has(entryId)) continue;
        const entry = byId.get(entryId);
        const next = { _id: ++seq, entryId, entryHash: entry ? entryHash(entry) : null, sealedAt, previousHash: hash };
        hash = sealHash(next);
        added.push({ ...next, hash });
      }
      if (added.length > 0) {
        // First, so that two who meet find it out here.
        await heads.updateOne({ _id: 'head', seq: before.seq }, { $set: { seq, hash } }, { session, upsert: true });
        await seals.insertMany(added, { session });
      }
      await marks.deleteMany({ _id: ids }, { session });
    });

  return {
    async adopt() {
      const { seq } = await readHead();
      const filter = seq === 0 ? {} : { at: { $gte: new Date(Date.now() - adoptedMs) } };
      for await (const ids of inBatches(
        entries.find(filter, { projection: { _id: 1 } }).map(({ _id }) => _id),
        batchSize,
      )) {
        const sealed = await seals.find({ entryId: { $in: ids } }, { projection: { entryId: 1 } }).toArray();
        const done = new Set(sealed.map(({ entryId }) => entryId));
        const missing = ids.filter((id) => !done.has(id));
        if (missing.length === 0) continue;
        await marks.bulkWrite(
          missing.map((_id) => ({ updateOne: { filter: { _id }, update: { $setOnInsert: { _id } }, upsert: true } })),
          { ordered: false },
        );
      }
    },

    async run() {
      // Without a transaction when there is nothing to seal, which is most of the time.
      while (await marks.findOne({}, { projection: { _id: 1 } })) await seal();
    },
  };
}

export async function* inBatches<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
