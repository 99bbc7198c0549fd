import { feedRule, feeds, feedsAround, maxFollowed, ownFeeds, Problem, type Principal } from '@tidings/contracts';
import type { Access } from '@tidings/feed';
import type { Logger } from '@tidings/platform';
import type { Entry } from './entry.js';
import type { FeedReset, Follower } from './follower.js';
import { Handover, handoverMs } from './handover.js';
import type { Hub } from './hub.js';
import type { Hubs } from './hubs.js';
import { joinFeed } from './join.js';
import type { GatewayMetrics } from './metrics.js';
import type { Port } from './port.js';

export interface ConnectionDeps {
  hubs: Hubs;
  access: Access;
  logger: Logger;
  metrics: GatewayMetrics;
  maxReplay?: number;
  /** Sees replayed entries; live ones are seen by the watch on the user's feed. */
  onReplay: (connection: Connection, entry: Entry) => void;
  /** Sees how far it was sent, once, before it lets go of its feeds. */
  onClose?: (connection: Connection, progress: readonly Progress[]) => void;
}

/** How far a client was sent a feed: every entry behind `from`, up to `to`. */
export interface Progress {
  feed: string;
  from: number;
  to: number;
  /** `Date.now()` when `to` was sent, as far as that is known. */
  at: number | undefined;
}

export interface Followed {
  ok: true;
  feed: string;
  head: number;
  /** The feed that is followed already and brings every entry of this one. */
  via?: string;
}

interface Following {
  readonly hub: Hub;
  readonly containers: readonly string[];
  /** Where delivery began. */
  start: number;
  /** Behind it, nothing was left out. */
  from: number;
  /** The last `seq` that `progress` told of. */
  noted: number;
  dropped: boolean;
}

const nothing: readonly Progress[] = [];

/** One client: who it is, what it follows, and what it may still follow. Transports give it a port and nothing else. */
export class Connection implements Follower {
  closed = false;
  readonly connectedAt = Date.now();
  /** Whether `progress` has ever told of anything. */
  hasProgress = false;
  readonly #following = new Map<string, Following>();
  /** Asked for, and brought by a feed that holds them. */
  readonly #contained = new Map<string, readonly string[]>();
  #handovers: Handover[] = [];
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    readonly port: Port,
    public principal: Principal,
    private readonly deps: ConnectionDeps,
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

  // --- Following -----------------------------------------------------------------------------------------------------------------

  /** Heads of what is followed, for the heartbeat's ack. */
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

  /**
   * Follows the own feeds and those that cursors name, and says hello by `connected` before the first replayed entry. The result tells
   * when replaying is over.
   */
  async begin(options: {
    cursors: Readonly<Record<string, number>>;
    epoch: string | undefined;
    hello: Record<string, unknown>;
  }): Promise<{ replayed: Promise<void> }> {
    const { cursors, epoch } = options;
    const own = ownFeeds(this.principal);
    const asked = Object.keys(cursors).filter((feed) => !own.includes(feed));
    const rights = await Promise.all(asked.map((feed) => this.deps.access.mayFollow(this.principal, feed)));
    const wanted = new Map<string, readonly string[]>(own.map((feed) => [feed, feedsAround(feed)]));
    const denied: string[] = [];
    for (const [index, feed] of asked.entries()) {
      if (rights[index]?.ok) wanted.set(feed, rights[index].containers);
      else denied.push(feed);
    }
    const opened = await Promise.allSettled(
      [...wanted].map(async ([feed, containers]) => ({
        feed,
        containers,
        hub: containers.some((around) => wanted.has(around)) ? undefined : await this.deps.hubs.acquire(feed),
      })),
    );
    const entries = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const failed = opened.find((result) => result.status === 'rejected');
    if (this.closed || failed) {
      for (const { hub } of entries) if (hub) this.deps.hubs.release(hub);
      if (failed) throw failed.reason;
      return { replayed: Promise.resolve() };
    }

    const heads: Record<string, number> = {};
    for (const { feed, containers, hub } of entries) {
      this.port.enter(feed);
      if (hub) {
        heads[feed] = hub.head;
        this.#following.set(feed, { hub, containers, start: hub.head, from: cursors[feed] ?? hub.head, noted: -1, dropped: false });
      } else this.#contained.set(feed, containers);
    }
    this.port.emit('connected', { ...options.hello, epoch: this.deps.hubs.epoch, feeds: heads });
    for (const feed of denied) this.port.emit('error', { code: 'forbidden', message: `Not allowed to follow ${feed}` });
    // Those without a cursor join in this tick, so that `connected.feeds` is exactly where they begin.
    const joins = Promise.all([...this.#following].map(([feed, following]) => this.#join(following, cursors[feed], epoch)));
    this.#turn = joins.then(
      () => undefined,
      () => undefined, // reported through `replayed`
    );
    await this.checkRights();
    return { replayed: joins.then(() => undefined) };
  }

  /**
   * @param since the client's cursor; undefined: from the head. On a feed that is followed already, an older cursor replays again.
   * @throws Problem `forbidden`, `bad-request`
   */
  follow(feed: string, since?: number): Promise<Followed> {
    return this.#inTurn(() => this.#follow(feed, since));
  }

  async unfollow(feed: string): Promise<void> {
    await this.#inTurn(() => this.#unfollow(feed));
  }

  async #follow(feed: string, since: number | undefined): Promise<Followed> {
    const existing = this.#following.get(feed);
    if (existing) {
      if (since !== undefined && since < existing.hub.head) {
        existing.hub.followers.delete(this);
        existing.from = Math.min(existing.from, since);
        await this.#join(existing, since);
      }
      return { ok: true, feed, head: existing.hub.head };
    }

    // Names of public feeds cost nothing to make up, and each opens a hub and a channel of the bus.
    const followed = this.#following.size + this.#contained.size;
    if (!this.#contained.has(feed) && followed >= maxFollowed + ownFeeds(this.principal).length)
      throw new Problem('bad-request', `A connection follows at most ${maxFollowed} feeds beside its own; unsubscribe from some`);

    const right = await this.deps.access.mayFollow(this.principal, feed);
    if (!right.ok) throw new Problem('forbidden', `Not allowed to follow ${feed}`);
    const hub = await this.deps.hubs.acquire(feed);
    if (this.closed) return this.#abandon(hub);

    const via = right.containers.find((around) => this.#following.has(around));
    if (via !== undefined) {
      this.#contained.set(feed, right.containers);
      this.port.enter(feed);
      this.deps.hubs.release(hub);
      return { ok: true, feed, head: hub.head, via };
    }

    const start = since ?? hub.head;
    const following: Following = { hub, containers: right.containers, start, from: start, noted: -1, dropped: false };
    this.#contained.delete(feed);
    this.#following.set(feed, following);
    this.port.enter(feed);
    await this.#join(following, since);
    await this.checkRights();
    if (following.dropped) throw new Problem('forbidden', `Not allowed to follow ${feed}`);
    return { ok: true, feed, head: hub.head };
  }

  async #unfollow(feed: string): Promise<void> {
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
      orphans.map(async ([orphan, containers]) => ({ orphan, containers, hub: await this.deps.hubs.acquire(orphan) })),
    );
    if (this.closed) return hubs.forEach(({ hub }) => this.deps.hubs.release(hub));
    for (const { orphan, containers, hub } of hubs) {
      this.#contained.delete(orphan);
      this.#following.set(orphan, { hub, containers, start: hub.head, from: hub.head, noted: -1, dropped: false });
      hub.followers.add(this);
      this.#beginHandover(following, hub);
    }
    this.#drop(feed, following);
  }

  async #join(following: Following, since: number | undefined, epoch?: string): Promise<void> {
    const { hub } = following;
    const { metrics, hubs, onReplay, maxReplay } = this.deps;
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
          onReplay(this, entry);
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

  #abandon(hub: Hub): never {
    this.deps.hubs.release(hub);
    throw new Problem('unavailable', 'The connection has ended');
  }

  // --- Rights --------------------------------------------------------------------------------------------------------------------

  /**
   * Reads anew who this is, ends the connection when the session has ended, and drops every feed that may not be followed any longer. It
   * waits for no replay: what was lost ends at once.
   */
  async checkRights(): Promise<void> {
    if (this.closed) return;
    const { userId, sessionId } = this.principal;
    const fresh = await this.deps.access.principal(userId, sessionId);
    if (this.closed || this.principal.sessionId !== sessionId) return;
    if (!fresh) return this.port.end('session-revoked', { again: false });
    this.principal = fresh;
    const own = ownFeeds(fresh);
    for (const [feed, following] of this.#following) {
      if (mayStillFollow(fresh, own, feed, following.containers)) continue;
      this.#handovers = this.#handovers.filter(({ from, to }) => from !== following.hub && to !== following.hub);
      this.#drop(feed, following);
    }
    for (const [feed, containers] of this.#contained) {
      if (!mayStillFollow(fresh, own, feed, containers)) {
        this.#contained.delete(feed);
        this.port.exit(feed);
      }
    }
  }

  /** After the user's rights changed: drops what was lost, and follows own feeds that are new. */
  async accessChanged(): Promise<void> {
    await this.checkRights();
    const missing = ownFeeds(this.principal).filter(
      (feed) => feed !== feeds.user(this.principal.userId) && !this.#following.has(feed) && !this.#contained.has(feed),
    );
    for (const feed of missing) if (!this.closed) await this.follow(feed);
    // A feed that was brought by one that is gone has to be followed by itself.
    for (const [feed, containers] of Array.from(this.#contained)) {
      if (this.closed || containers.some((around) => this.#following.has(around))) continue;
      this.#contained.delete(feed);
      await this.follow(feed);
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.deps.onClose?.(this, this.progress());
    for (const { from } of this.#handovers) from.followers.delete(this);
    this.#handovers = [];
    for (const { hub } of this.#following.values()) {
      hub.followers.delete(this);
      this.deps.hubs.release(hub);
    }
    this.#following.clear();
    this.#contained.clear();
  }

  /** Changes to what is followed happen one after another. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined); // the caller hears of it
    return result;
  }
}

function mayStillFollow(who: Principal, own: readonly string[], feed: string, containers: readonly string[]): boolean {
  const rule = feedRule(who, feed);
  return rule === 'allow' || (rule === 'granted' && containers.some((around) => own.includes(around)));
}
