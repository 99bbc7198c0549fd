import type { Entry } from './entry.js';

/** What a connection needs of its transport. */
export interface Port {
  readonly id: string;
  /** `websocket`, `polling`, `sse`, `plans-sse`, `long-poll`: as it is now. */
  readonly transport: string;
  send(entry: Entry): void;
  emit(event: string, payload: unknown): void;
  drained(): Promise<void>;
  /** The Socket.IO room of the feed, for what is addressed to connections (typing, presence). */
  enter(feed: string): void;
  exit(feed: string): void;
  /** Ends it; `again: false` for a client that must not come back by itself. */
  end(reason: EndReason, options: { again: boolean }): void;
}

export type EndReason = 'session-revoked' | 'token-expired' | 'forbidden' | 'ticket-used' | 'slow-client' | 'draining' | 'failed';
