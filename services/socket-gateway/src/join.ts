import type { Follower, ResetReason } from './follower.js';
import type { Hub } from './hub.js';
import type { Hubs } from './hubs.js';

/** More than this is not replayed: fetching the state anew is quicker for everybody. */
export const defaultMaxReplay = 10_000;

export interface JoinOptions {
  hubs: Pick<Hubs, 'pages' | 'reach' | 'epoch'>;
  hub: Hub;
  follower: Follower;
  /** The client's cursor; undefined: from the head. */
  since: number | undefined;
  /** The epoch that the cursor is of; undefined: taken for the present one. */
  epoch?: string | undefined;
  maxReplay?: number;
  /** Called in the tick in which the client is in step with the hub. */
  onJoined: () => void;
  onReplayed?: (count: number) => void;
  onReset?: (reason: ResetReason) => void;
}

/**
 * Takes a client from its cursor to live delivery without a gap and without a double: it is sent pages until it has got as far as the hub,
 * and joins in that same tick. JavaScript runs one thing at a time, so nothing can come between.
 *
 * A cursor that cannot be continued gets `feed-reset`, and delivery goes on from the head.
 */
export async function joinFeed(options: JoinOptions): Promise<void> {
  const { hubs, hub, follower, maxReplay = defaultMaxReplay, onJoined, onReplayed } = options;
  const reset = (reason: ResetReason): void => {
    options.onReset?.(reason);
    follower.reset({ feed: hub.feed, epoch: hubs.epoch, head: hub.head, reason });
    onJoined();
  };

  if (options.since === undefined) return onJoined();
  if (options.epoch !== undefined && options.epoch !== hubs.epoch) return reset('epoch');
  // Another gateway may have shown the client entries that have not reached this one yet.
  if (options.since > hub.head && !(await hubs.reach(hub, options.since))) return reset('ahead');

  let sent = options.since;
  for (let replayed = 0; !follower.closed;) {
    if (sent === hub.head) return onJoined();
    if (sent > hub.head) return reset('ahead'); // the hub was reset meanwhile
    if (hub.head - sent > maxReplay - replayed) return reset('behind');
    const page = hub.recentAfter(sent) ?? (await hubs.pages.read(hub.feed, sent));
    if (page[0]?.seq !== sent + 1) return reset('expired');
    for (const entry of page) {
      if (entry.seq > hub.head) break; // the log is ahead of the bus: those come live
      follower.deliver(entry);
      sent = entry.seq;
      replayed++;
    }
    onReplayed?.(page.length);
    await follower.drained();
  }
}
