import type { AuditOrigin, Principal } from '@tidings/contracts';
import { canonical, inTransaction, mask, newId, type ClientSession, type Mongo } from '@tidings/platform';
import { collections } from './documents.js';

/** Scalars, and lists of words: what was done, never what is secret. */
export type AuditDetails = Record<string, string | number | boolean | null | string[]>;

/** What a change was made to, as an object; null where there was, or is, nothing. */
export interface AuditChange {
  before: object | null;
  after: object | null;
}

/** Something that somebody with power did, or looked at. */
export interface AuditAction extends Partial<AuditChange> {
  /** `{noun}.{verb}`: `user.suspend`, `feed.follow`. */
  action: string;
  /** `{kind}:{id}` of what it was done to, or the name of a feed. */
  target: string;
  details?: AuditDetails;
}

/** In `audit_log`, which nothing changes and nothing removes from. Its place in the chain is a document of its own: see `AuditSeal`. */
export interface AuditEntry extends AuditAction {
  _id: string;
  at: Date;
  /** The user who did it, null for the system. */
  actor: string | null;
  from?: AuditOrigin;
}

/** In `audit_unsealed`, with the entry's id and in its transaction; gone when the entry is sealed. */
export interface UnsealedMark {
  _id: string;
}

/** Who looks. */
export type Looker = Pick<Principal, 'userId' | 'from' | 'keyId'> & Partial<Pick<Principal, 'sessionId'>>;

/** Notes a look at something private, for which there is no transaction. Await it before you show what was asked for. */
export async function auditRead(mongo: Mongo, who: Looker, action: AuditAction): Promise<void> {
  const entry = { ...action, actor: who.userId, at: new Date(), from: originOf(who) };
  await inTransaction(mongo, (session) => writeAudit(mongo, [entry], session));
}

/** Where a caller's request came from, for `UnitOfWork.run`. */
export function originOf({ from, sessionId, keyId }: Pick<Looker, 'from' | 'sessionId' | 'keyId'>): AuditOrigin {
  // A machine has no session.
  if (keyId !== undefined) return { ...from, keyId };
  return { ...from, ...(sessionId === undefined ? {} : { sessionId }) };
}

export type NewAuditEntry = Omit<AuditEntry, '_id'>;

/**
 * Each with the mark by which the sealer finds it. Not with its number: a chain makes its writers meet, and no change shall wait for another
 * because both are audited.
 */
export async function writeAudit(mongo: Mongo, entries: readonly NewAuditEntry[], session: ClientSession): Promise<void> {
  if (entries.length === 0) return;
  const documents = entries.map(({ at, actor, action, target, details, from, before, after }): AuditEntry => ({
    _id: newId(),
    at,
    actor,
    action,
    target,
    ...(details ? { details: mask(details, String) as AuditDetails } : {}),
    ...(from && Object.keys(from).length > 0 ? { from } : {}),
    ...(before === undefined ? {} : { before: shown(before) }),
    ...(after === undefined ? {} : { after: shown(after) }),
  }));
  await mongo.db.collection<AuditEntry>(collections.audit).insertMany(documents, { session });
  await mongo.db.collection<UnsealedMark>(collections.auditUnsealed).insertMany(
    documents.map(({ _id }) => ({ _id })),
    { session },
  );
}

const longestText = 500;
const longestList = 50;
const mostBytes = 16_384;

/** A copy as JSON has it, without secrets, and of a size that a log can bear. What is too large is named by its size alone. */
function shown(value: object | null): object | null {
  if (value === null) return null;
  const copy = cut(mask(JSON.parse(JSON.stringify(value)), String)) as object;
  const bytes = Buffer.byteLength(canonical(copy));
  return bytes > mostBytes ? { cut: true, bytes } : copy;
}

function cut(value: unknown): unknown {
  if (typeof value === 'string') return value.length > longestText ? `${value.slice(0, longestText)}…` : value;
  if (Array.isArray(value)) {
    const left = value.length - longestList;
    return [...value.slice(0, longestList).map(cut), ...(left > 0 ? [`… ${left} more`] : [])];
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, cut(inner)]));
}
