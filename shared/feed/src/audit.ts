import { newId, type ClientSession, type Mongo } from '@tidings/platform';
import { collections } from './documents.js';

/** Scalars, and lists of words: what was done, never what is secret. */
export type AuditDetails = Record<string, string | number | boolean | null | string[]>;

/** Something that somebody with power did, or looked at. */
export interface AuditAction {
  /** `{noun}.{verb}`: `user.suspend`, `feed.follow`. */
  action: string;
  /** `{kind}:{id}` of what it was done to, or the name of a feed. */
  target: string;
  details?: AuditDetails;
}

/** In `audit_log`, which nothing changes and nothing removes from. */
export interface AuditEntry extends AuditAction {
  _id: string;
  at: Date;
  /** The user who did it, null for the system. */
  actor: string | null;
}

/** Notes a look at something private, for which there is no transaction. Await it before you show what was asked for. */
export async function auditRead(mongo: Mongo, actor: string, action: AuditAction): Promise<void> {
  await writeAudit(mongo, { ...action, actor, at: new Date() });
}

export async function writeAudit(mongo: Mongo, entry: Omit<AuditEntry, '_id'>, session?: ClientSession): Promise<void> {
  const { at, actor, action, target, details } = entry;
  await mongo.db
    .collection<AuditEntry>(collections.audit)
    .insertOne({ _id: newId(), at, actor, action, target, ...(details ? { details } : {}) }, session ? { session } : {});
}
