import type { Entry } from './entry.js';
import type { FeedReset, Follower } from './follower.js';
import { Handover, handoverMs } from './handover.js';
import type { Hub } from './hub.js';
import type { Hubs } from './hubs.js';
import { joinFeed } from './join.js';
import type { GatewayMetrics } from './metrics.js';
import type { Port } from './port.js';

export interface FollowingsDeps {
  hubs: Hubs;
  metrics: GatewayMetrics;
  maxReplay?: number;
}

/** How far a client was sent a feed: every entry behind `from`, up to `to`. */
export interface Progress {
  feed: string;
  from: number;
  to: number;
  /** `Date.now()` when `to` was sent, as far as that is known. */
  at: number | undefined;
}

export interface Following {
  readonly hub: Hub;
  readonly containers: readonly string[];
  /** Where delivery began. */
  readonly start: number;
  /** Behind it, nothing was left out. */
  from: number;
  /** The last `seq` that `progress` told of. */
  noted: number;
  dropped: boolean;
}

const nothing: readonly Progress[] = [];

/**
 * The feeds of one client and their delivery: which hubs it hears, and which feeds bring the entries of others. Whether it may follow them is
 * the connection's concern.
 */
export class Followings implements Follower {
  closed = false;
  /** Whether `progress` has ever told of anything. */
  hasProgress = false;
  readonly #following = new Map<string, Following>();
  /** Asked for, and brought by a feed that holds them. */
  readonly #contained = new Map<string, readonly string[]>();
  #handovers: Handover[] = [];

  constructor(
    private readonly port: Port,
    private readonly deps: FollowingsDeps,
  ) {}

  // --- Delivery ------------------------------------------------------------------------------------------------------------------

  deliver(entry: Entry): void {
    if (this.#handovers.length > 0 && !this.#handovers.every((handover) => handover.passes(entry))) return;
    this.port.send(entry);
  }

  reset(reset: FeedReset): void {
    const following = this.#following.get(reset.feed);
    if (following) following.from = reset.head;
    this.port.emit('feed-reset', reset);
  }

  drained(): Promise<void> {
    return this.port.drained();
  }

  // --- What is followed ----------------------------------------------------------------------------------------------------------

  get size(): number {
    return this.#following.size + this.#contained.size;
  }

  get(feed: string): Following | undefined {
    return this.#following.get(feed);
  }

  has(feed: string): boolean {
    return this.#following.has(feed) || this.#contained.has(feed);
  }

  /** The one of `containers` that is followed, and brings what they hold. */
  bringing(containers: readonly string[]): string | undefined {
    return containers.find((around) => this.#following.has(around));
  }

  heads(): Record<string, number> {
    return Object.fromEntries([...this.#following].map(([feed, { hub }]) => [feed, hub.head]));
  }

  /**
   * What has changed since the last call, of the feeds whose deliveries are noted. Looked at now and then: nothing is counted while entries
   * are delivered, since a client in step with a hub was sent what the hub has.
   */
  progress(): readonly Progress[] {
    let changed = nothing;
    for (const [feed, following] of this.#following) {
      const { hub, from } = following;
      if (!hub.isNoted || hub.head <= Math.max(from, following.noted) || !hub.followers.has(this)) continue;
      following.noted = hub.head;
      this.hasProgress = true;
      changed = [...changed, { feed, from, to: hub.head, at: hub.newestAt }];
    }
    return changed;
  }

  // --- Beginning and ending ------------------------------------------------------------------------------------------------------

  /** Takes over an acquired hub; `join` begins its delivery. @param since the client's cursor; undefined: from the head */
  add(hub: Hub, containers: readonly string[], since?: number): Following {
    const start = since ?? hub.head;
    const following: Following = { hub, containers, start, from: start, noted: -1, dropped: false };
    this.#contained.delete(hub.feed);
    this.#following.set(hub.feed, following);
    this.port.enter(hub.feed);
    return following;
  }

  /** Counts as followed; another feed brings its entries. */
  contain(feed: string, containers: readonly string[]): void {
    this.#contained.set(feed, containers);
    this.port.enter(feed);
  }

  /** @param onReplay sees replayed entries; live ones are seen by the watch on the user's feed */
  async join(following: Following, since: number | undefined, onReplay: (entry: Entry) => void, epoch?: string): Promise<void> {
    const { hub } = following;
    const { metrics, hubs, maxReplay } = this.deps;
    const stopped = (): boolean => this.closed || following.dropped;
    await joinFeed({
      hubs,
      hub,
      since,
      epoch,
      ...(maxReplay === undefined ? {} : { maxReplay }),
      follower: {
        get closed() {
          return stopped();
        },
        deliver: (entry) => {
          this.port.send(entry);
          onReplay(entry);
        },
        reset: (reset) => this.reset(reset),
        drained: () => this.drained(),
      },
      onJoined: () => {
        if (stopped()) return;
        hub.followers.add(this);
        this.#takeOver(hub);
      },
      onReplayed: (count) => metrics.replayed.inc(count),
      onReset: (reason) => metrics.resets.inc({ reason }),
    });
  }

  /** Live delivery pauses, for a replay from an older cursor. */
  rewind(following: Following, since: number): void {
    following.hub.followers.delete(this);
    following.from = Math.min(following.from, since);
  }

  async remove(feed: string): Promise<void> {
    const following = this.#following.get(feed);
    if (!following) {
      if (this.#contained.delete(feed)) this.port.exit(feed);
      return;
    }
    // What this feed brought for others has to be followed by itself from now on.
    const orphans = [...this.#contained].filter(
      ([, containers]) => containers.includes(feed) && !containers.some((around) => around !== feed && this.#following.has(around)),
    );
    const hubs = await Promise.all(
      orphans.map(async ([orphan, containers]) => ({ containers, hub: await this.deps.hubs.acquire(orphan) })),
    );
    if (this.closed) return hubs.forEach(({ hub }) => this.deps.hubs.release(hub));
    for (const { containers, hub } of hubs) {
      this.add(hub, containers);
      hub.followers.add(this);
      this.#beginHandover(following, hub);
    }
    this.#drop(feed, following);
  }

  /** Drops at once every feed that `may` refuses. */
  retain(may: (feed: string, containers: readonly string[]) => boolean): void {
    for (const [feed, following] of this.#following) {
      if (may(feed, following.containers)) continue;
      this.#handovers = this.#handovers.filter(({ from, to }) => from !== following.hub && to !== following.hub);
      this.#drop(feed, following);
    }
    for (const [feed, containers] of this.#contained) {
      if (may(feed, containers)) continue;
      this.#contained.delete(feed);
      this.port.exit(feed);
    }
  }

  /** Gives up one whose bringing feed is gone, which has to be followed by itself; undefined: there is none. */
  takeOrphan(): string | undefined {
    for (const [feed, containers] of this.#contained) {
      if (this.bringing(containers) !== undefined) continue;
      this.#contained.delete(feed);
      return feed;
    }
    return undefined;
  }

  close(): void {
    this.closed = true;
    for (const { from } of this.#handovers) from.followers.delete(this);
    this.#handovers = [];
    for (const { hub } of this.#following.values()) {
      hub.followers.delete(this);
      this.deps.hubs.release(hub);
    }
    this.#following.clear();
    this.#contained.clear();
  }

  /** Feeds that `hub` holds are followed no longer: it brings their entries from this tick on. */
  #takeOver(hub: Hub): void {
    for (const [feed, inner] of this.#following) {
      if (!inner.containers.includes(hub.feed) || !inner.hub.followers.has(this)) continue;
      this.#contained.set(feed, inner.containers);
      this.#beginHandover(inner, hub);
      this.#following.delete(feed);
      this.deps.hubs.release(inner.hub);
    }
  }

  #beginHandover(from: Following, to: Hub): void {
    const before = this.#handovers.find((other) => other.from === to && other.to === from.hub);
    const handover = new Handover(from.hub, to, from.start, before);
    this.#handovers = [...this.#handovers.filter((other) => other !== before), handover];
    from.hub.followers.add(this);
    setTimeout(() => {
      this.#handovers = this.#handovers.filter((other) => other !== handover);
      this.#silence(from.hub);
    }, handoverMs).unref();
  }

  /** Stops hearing a hub, unless it is followed or takes part in a change of places. */
  #silence(hub: Hub): void {
    if (this.#following.get(hub.feed)?.hub === hub || this.#handovers.some(({ from }) => from === hub)) return;
    hub.followers.delete(this);
  }

  #drop(feed: string, following: Following): void {
    following.dropped = true;
    this.#following.delete(feed);
    this.port.exit(feed);
    this.#silence(following.hub);
    this.deps.hubs.release(following.hub);
  }
}
