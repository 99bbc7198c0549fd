import type { AuditEntry as ShownEntry, AuditQuery } from '@tidings/contracts';
import { collections, type AuditEntry } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';
import { olderThan, pageByTime, type Paged } from '../../http/lists.js';
import { within } from './period.js';

export interface AuditLog {
  /** Newest first. */
  list(query: AuditQuery): Promise<Paged<AuditEntry>>;
}

/** Reads what `audit` and `auditRead` wrote. There is no way to change or remove an entry. */
export function createAuditLog(mongo: Mongo): AuditLog {
  const entries = mongo.db.collection<AuditEntry>(collections.audit);
  return {
    async list({ limit, cursor, from, to, actor, action, target }) {
      const equal = Object.fromEntries(Object.entries({ actor, action, target }).filter(([, value]) => value !== undefined));
      const found = await entries
        .find({ $and: [equal, within('at', { from, to }), olderThan(cursor, 'at')] })
        .sort({ at: -1, _id: -1 })
        .limit(limit + 1)
        .toArray();
      return pageByTime(found, limit, 'at');
    },
  };
}

export function presentAuditEntry({ _id, at, actor, action, target, details }: AuditEntry): ShownEntry {
  return { id: _id, at: at.toISOString(), actor, action, target, ...(details ? { details } : {}) };
}
