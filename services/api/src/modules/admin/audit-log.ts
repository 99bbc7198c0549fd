import type { AuditEntry as ShownEntry, AuditQuery } from '@tidings/contracts';
import { collections, type AuditEntry, type AuditSeal } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';
import { olderThan, pageByTime, type Paged } from '../../http/lists.js';
import { within } from './period.js';

/** An entry with its place in the chain; undefined for the second until it is sealed. */
export type PlacedEntry = AuditEntry & { seal: Pick<AuditSeal, '_id' | 'previousHash' | 'hash'> | undefined };

export interface AuditLog {
  /** Newest first. */
  list(query: AuditQuery): Promise<Paged<PlacedEntry>>;
}

/** Reads what `audit` and `auditRead` wrote. There is no way to change or remove an entry. */
export function createAuditLog(mongo: Mongo): AuditLog {
  const entries = mongo.db.collection<AuditEntry>(collections.audit);
  const seals = mongo.db.collection<AuditSeal>(collections.auditSeals);
  return {
    async list({ limit, cursor, from, to, actor, action, target }) {
      const equal = Object.fromEntries(Object.entries({ actor, action, target }).filter(([, value]) => value !== undefined));
      const found = await entries
        .find({ $and: [equal, within('at', { from, to }), olderThan(cursor, 'at')] })
        .sort({ at: -1, _id: -1 })
        .limit(limit + 1)
        .toArray();
      const { page, nextCursor } = pageByTime(found, limit, 'at');
      const places = await seals.find({ entryId: { $in: page.map(({ _id }) => _id) } }).toArray();
      const byEntry = new Map(places.map((seal) => [seal.entryId, seal]));
      return { page: page.map((entry) => ({ ...entry, seal: byEntry.get(entry._id) })), nextCursor };
    },
  };
}

export function presentAuditEntry({ _id, at, actor, action, target, details, from, before, after, seal }: PlacedEntry): ShownEntry {
  return {
    id: _id,
    at: at.toISOString(),
    actor,
    action,
    target,
    ...(details ? { details } : {}),
    ...(from ? { from } : {}),
    ...(before === undefined ? {} : { before: before as ShownEntry['before'] }),
    ...(after === undefined ? {} : { after: after as ShownEntry['after'] }),
    seq: seal?._id ?? null,
    previousHash: seal?.previousHash ?? null,
    hash: seal?.hash ?? null,
  };
}
