import type { Entry } from './entry.js';

/** Tells a client that its place in a feed is lost: it fetches the state anew and goes on from `head`. */
export interface FeedReset {
  feed: string;
  epoch: string;
  head: number;
  /** `expired`: older than what is kept; `ahead`: past the head; `epoch`: of another history; `behind`: too much to replay. */
  reason: ResetReason;
}

export type ResetReason = 'expired' | 'ahead' | 'epoch' | 'behind';

/** One client's end of its feeds, whatever the transport. */
export interface Follower {
  readonly closed: boolean;
  /** Sends one entry. It keeps the order of the calls and never blocks. */
  deliver(entry: Entry): void;
  reset(reset: FeedReset): void;
  /** Resolves when what was sent has (nearly) left this process, or the client has gone. */
  drained(): Promise<void>;
}
