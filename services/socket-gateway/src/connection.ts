import { feedRule, feeds, feedsAround, maxFollowed, ownFeeds, Problem, type Principal } from '@tidings/contracts';
import type { Access } from '@tidings/feed';
import type { Logger } from '@tidings/platform';
import type { Entry } from './entry.js';
import { Followings, type Following, type FollowingsDeps, type Progress } from './followings.js';
import type { Port } from './port.js';

export interface ConnectionDeps extends FollowingsDeps {
  access: Access;
  logger: Logger;
  /** Sees replayed entries; live ones are seen by the watch on the user's feed. */
  onReplay: (connection: Connection, entry: Entry) => void;
  /** Sees how far it was sent, once, before it lets go of its feeds. */
  onClose?: (connection: Connection, progress: readonly Progress[]) => void;
}

export interface Followed {
  ok: true;
  feed: string;
  head: number;
  /** The feed that is followed already and brings every entry of this one. */
  via?: string;
}

/** One client: who it is, and what it may follow. Transports give it a port and nothing else. */
export class Connection {
  readonly connectedAt = Date.now();
  readonly #followings: Followings;
  /** The feeds that it is for, all of them; undefined: the own ones, and others as it likes. */
  #named: readonly string[] | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    readonly port: Port,
    public principal: Principal,
    private readonly deps: ConnectionDeps,
    /** See `originFor`. */
    readonly from?: Principal['from'],
  ) {
    this.#followings = new Followings(port, deps);
  }

  get closed(): boolean {
    return this.#followings.closed;
  }

  // --- Following -----------------------------------------------------------------------------------------------------------------

  /** Heads of what is followed, for the heartbeat's ack. */
  heads(): Record<string, number> {
    return this.#followings.heads();
  }

  /** Whether `progress` has ever told of anything. */
  get hasProgress(): boolean {
    return this.#followings.hasProgress;
  }

  /** How far it was sent the feeds whose deliveries are noted, where that has changed since the last call. */
  progress(): readonly Progress[] {
    return this.#followings.progress();
  }

  /**
   * Follows the own feeds and those that cursors name, or `named` ones and no others, and says hello by `connected` before the first replayed
   * entry. The result tells when replaying is over.
   * @throws Problem `forbidden` when one of the named feeds may not be followed
   */
  async begin(options: {
    named?: readonly string[];
    cursors: Readonly<Record<string, number>>;
    epoch: string | undefined;
    hello: Record<string, unknown>;
  }): Promise<{ replayed: Promise<void> }> {
    const { cursors, epoch, named } = options;
    this.#named = named;
    const { wanted, denied } = await this.#rightsTo(named ?? Object.keys(cursors));
    if (named && denied.length > 0) throw new Problem('forbidden', `Not allowed to follow ${denied.join(', ')}`);
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

    const followings: Following[] = [];
    for (const { feed, containers, hub } of entries) {
      if (hub) followings.push(this.#followings.add(hub, containers, cursors[feed]));
      else this.#followings.contain(feed, containers);
    }
    const heads = Object.fromEntries(followings.map(({ hub }) => [hub.feed, hub.head]));
    this.port.emit('connected', { ...options.hello, epoch: this.deps.hubs.epoch, feeds: heads });
    for (const feed of denied) this.port.emit('error', { code: 'forbidden', message: `Not allowed to follow ${feed}` });
    // Those without a cursor join in this tick, so that `connected.feeds` is exactly where they begin.
    const joins = Promise.all(followings.map((following) => this.#join(following, cursors[following.hub.feed], epoch)));
    this.#turn = joins.then(
      () => undefined,
      () => undefined, // reported through `replayed`
    );
    await this.checkRights();
    return { replayed: joins.then(() => undefined) };
  }

  /** What is to be followed, with what holds it, and what may not be. */
  async #rightsTo(feeds: readonly string[]): Promise<{ wanted: Map<string, readonly string[]>; denied: string[] }> {
    const own = ownFeeds(this.principal);
    const wanted = new Map<string, readonly string[]>();
    const denied: string[] = [];
    for (const feed of this.#named ? own.filter((one) => feeds.includes(one)) : own) wanted.set(feed, feedsAround(feed));
    const asked = [...new Set(feeds)].filter((feed) => !wanted.has(feed));
    const rights = await Promise.all(asked.map((feed) => this.deps.access.mayFollow(this.principal, feed, this.from)));
    for (const [index, feed] of asked.entries()) {
      if (rights[index]?.ok) wanted.set(feed, rights[index].containers);
      else denied.push(feed);
    }
    return { wanted, denied };
  }

  /**
   * @param since the client's cursor; undefined: from the head. On a feed that is followed already, an older cursor replays again.
   * @throws Problem `forbidden`, `bad-request`
   */
  follow(feed: string, since?: number): Promise<Followed> {
    return this.#inTurn(() => this.#follow(feed, since));
  }

  unfollow(feed: string): Promise<void> {
    return this.#inTurn(() => this.#followings.remove(feed));
  }

  async #follow(feed: string, since: number | undefined): Promise<Followed> {
    const existing = this.#followings.get(feed);
    if (existing) {
      if (since !== undefined && since < existing.hub.head) {
        this.#followings.rewind(existing, since);
        await this.#join(existing, since);
      }
      return { ok: true, feed, head: existing.hub.head };
    }

    // Names of public feeds cost nothing to make up, and each opens a hub and a channel of the bus.
    if (!this.#followings.has(feed) && this.#followings.size >= maxFollowed + ownFeeds(this.principal).length)
      throw new Problem('bad-request', `A connection follows at most ${maxFollowed} feeds beside its own; unsubscribe from some`);

    const right = await this.deps.access.mayFollow(this.principal, feed, this.from);
    if (!right.ok) throw new Problem('forbidden', `Not allowed to follow ${feed}`);
    const hub = await this.deps.hubs.acquire(feed);
    if (this.closed) {
      this.deps.hubs.release(hub);
      throw new Problem('unavailable', 'The connection has ended');
    }

    const via = this.#followings.bringing(right.containers);
    if (via !== undefined) {
      this.#followings.contain(feed, right.containers);
      this.deps.hubs.release(hub);
      return { ok: true, feed, head: hub.head, via };
    }

    const following = this.#followings.add(hub, right.containers, since);
    await this.#join(following, since);
    await this.checkRights();
    if (following.dropped) throw new Problem('forbidden', `Not allowed to follow ${feed}`);
    return { ok: true, feed, head: hub.head };
  }

  #join(following: Following, since: number | undefined, epoch?: string): Promise<void> {
    return this.#followings.join(following, since, (entry) => this.deps.onReplay(this, entry), epoch);
  }

  // --- Rights --------------------------------------------------------------------------------------------------------------------

  /**
   * Reads anew who this is, ends the connection when the session has ended, and drops every feed that may not be followed any longer. It
   * waits for no replay: what was lost ends at once. One that is for named feeds ends with the first of them: who comes back hears why.
   */
  async checkRights(): Promise<void> {
    if (this.closed) return;
    const { userId, sessionId } = this.principal;
    const fresh = await this.deps.access.principal(userId, sessionId);
    if (this.closed || this.principal.sessionId !== sessionId) return;
    if (!fresh) return this.port.end('session-revoked', { again: false });
    this.principal = fresh;
    const own = ownFeeds(fresh);
    this.#followings.retain((feed, containers) => mayStillFollow(fresh, own, feed, containers));
    if (this.#named?.some((feed) => !this.#followings.has(feed))) this.port.end('forbidden', { again: false });
  }

  /** After the user's rights changed: drops what was lost, and follows own feeds that are new. */
  async accessChanged(): Promise<void> {
    await this.checkRights();
    if (this.#named) return;
    const missing = ownFeeds(this.principal).filter((feed) => feed !== feeds.user(this.principal.userId) && !this.#followings.has(feed));
    for (const feed of missing) if (!this.closed) await this.follow(feed);
    for (let orphan = this.#followings.takeOrphan(); orphan !== undefined; orphan = this.#followings.takeOrphan())
      await this.follow(orphan);
  }

  close(): void {
    if (this.closed) return;
    this.deps.onClose?.(this, this.progress());
    this.#followings.close();
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
