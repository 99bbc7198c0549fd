import type { FeedTarget } from '@tidings/contracts';

/**
 * What made a transaction happen: a provider's message (`{provider}:{event id}`), a durable job (its key), a request (its id), or an event
 * that was handled. It stays inside: no packet carries it.
 */
export interface Cause {
  kind: 'webhook' | 'job' | 'request' | 'event';
  id: string;
}

/** A committed event, in the collection `outbox`. */
export interface OutboxEvent {
  _id: string;
  type: string;
  data: Record<string, unknown>;
  /** The ids that routing needs; see the event's definition. */
  to: Record<string, unknown>;
  feeds: FeedTarget[];
  /** Those of its feeds that nothing stood in before: of a thing that its transaction made. */
  begins?: string[];
  actor: string | null;
  cause?: Cause;
  at: Date;
  /** It notifies somebody, and the notifications are not written yet. */
  pending?: true;
}

/** An event at its place in one feed, in `feed_entries`. The compound `_id` is the unique index on (feed, seq). */
export interface FeedEntry {
  _id: { feed: string; seq: number };
  eventId: string;
  type: string;
  /** The Socket.IO event as JSON, `["type",{…,"meta":{…}}]`: encoded once, here, and never again. */
  packet: string;
  /** Of the event, for the timeline: the outbox does not last as long. */
  cause?: Cause;
  /** When the relay appended it: from then on gateways deliver it. */
  at: Date;
  expiresAt: Date;
}

/** An entry as services hand it around. */
export interface LogEntry {
  feed: string;
  seq: number;
  eventId: string;
  type: string;
  packet: string;
}

/** What a gateway needs of an entry to place it; the packet stays bytes. */
export interface BusEntry {
  seq: number;
  type: string;
  packet: Buffer;
}

/** The last number that a feed has given, kept when its entries have expired. */
export interface FeedHead {
  _id: string;
  head: number;
  updatedAt: Date;
}

/** Beside a thing with its own feed: whoever may follow one of `containers` may follow it, and gets its entries there already. */
export interface FeedGrant {
  _id: string;
  containers: string[];
}

export const collections = {
  outbox: 'outbox',
  entries: 'feed_entries',
  heads: 'feeds',
  grants: 'feed_grants',
  audit: 'audit_log',
  auditUnsealed: 'audit_unsealed',
  auditSeals: 'audit_seals',
  auditHead: 'audit_head',
  meta: 'tidings_meta',
  relayState: 'relay_state',
  relayLease: 'relay_lease',
} as const;
