import { isFeedOfFew } from '@tidings/contracts';
import type { BusEntry } from '@tidings/feed';
import { createEntry, type Entry } from './entry.js';
import type { Follower, ResetReason } from './follower.js';

/** Sees each new entry of a feed, after the followers got it. */
export type Watcher = (entry: Entry) => void;

export const recentEntries = 100;
export const recentMs = 60_000;

export interface HubOwner {
  /** The feed has entries past `hub.head` that the bus did not bring (yet). */
  incomplete(hub: Hub): void;
  delivered(count: number): void;
}

/**
 * One feed on this gateway. Whatever comes from the bus or the log goes through `accept`, which lets every number pass once and in
 * order; followers hear nothing else.
 */
export class Hub {
  /** The last number delivered; -1 until the hub is open. */
  head = -1;
  /** The highest number that is known to exist. */
  known = 0;
  readonly followers = new Set<Follower>();
  /** Whether it is noted how far each connection was sent it: what everybody gets would be too much to write down. */
  readonly isNoted: boolean;
  /** Set while somebody must see each new entry, whoever follows. */
  watcher: Watcher | undefined;
  /** Whoever needs the hub to stay: followers, and joins under way. */
  holds = 0;
  /** When the last hold was given up (`performance.now()`). */
  idleSince = 0;

  #opening: BusEntry[] | undefined = [];
  /** Past a gap: they wait until it is filled. */
  #ahead: Map<number, BusEntry> | undefined;
  #recent: Entry[] = [];

  constructor(
    readonly feed: string,
    private readonly owner: HubOwner,
  ) {
    this.isNoted = isFeedOfFew(feed);
  }

  get isOpen(): boolean {
    return this.#opening === undefined;
  }

  /** The head was read after the subscription was confirmed, so each entry is either in the log up to it or was buffered. */
  open(head: number): void {
    const buffered = this.#opening ?? [];
    this.#opening = undefined;
    this.head = head;
    this.known = Math.max(this.known, head);
    this.accept(buffered);
    if (this.known > this.head) this.owner.incomplete(this);
  }

  accept(entries: readonly BusEntry[]): void {
    if (this.#opening) {
      this.#opening.push(...entries);
      return;
    }
    for (const entry of entries) {
      if (entry.seq <= this.head) continue; // published twice, or read from the log before it came
      if (entry.seq > this.known) this.known = entry.seq;
      if (entry.seq === this.head + 1) this.#append(entry);
      else this.#hold(entry);
    }
    if (this.#ahead) this.#drainAhead(this.#ahead);
  }

  /** The database says that the feed has got this far. */
  expect(head: number): void {
    if (head <= this.known) return;
    this.known = head;
    if (this.isOpen) this.owner.incomplete(this);
  }

  get hasGap(): boolean {
    return this.isOpen && this.known > this.head;
  }

  /** What comes after `after`, from memory; undefined when memory does not reach that far back. */
  recentAfter(after: number): Entry[] | undefined {
    if (after === this.head) return [];
    const first = this.#recent[0];
    if (!first || first.seq > after + 1 || after > this.head) return undefined;
    return this.#recent.slice(after + 1 - first.seq);
  }

  /** `Date.now()` when the newest entry came; undefined when that is long ago. */
  get newestAt(): number | undefined {
    return this.#recent.at(-1)?.since;
  }

  get recent(): readonly Entry[] {
    return this.#recent;
  }

  /** Entries are lost for good (expired, or another history): goes on from `head` and tells every follower. */
  reset(head: number, epoch: string, reason: ResetReason): void {
    this.head = head;
    this.known = head;
    this.#recent = [];
    this.#ahead = undefined;
    for (const follower of this.followers) follower.reset({ feed: this.feed, epoch, head, reason });
  }

  /** Forgets what no reconnecting client will ask for. */
  trim(now: number): void {
    let drop = 0;
    while (drop < this.#recent.length && (this.#recent[drop]?.since ?? now) < now - recentMs) drop++;
    if (drop > 0) this.#recent.splice(0, drop);
  }

  #append({ seq, type, packet }: BusEntry): void {
    const entry = createEntry(this.feed, seq, type, packet);
    this.head = seq;
    this.#recent.push(entry);
    // In steps: shifting a long array for every entry would cost more than the entry.
    if (this.#recent.length >= recentEntries * 2) this.#recent.splice(0, recentEntries);
    for (const follower of this.followers) follower.deliver(entry);
    this.watcher?.(entry);
    this.owner.delivered(this.followers.size);
  }

  #hold(entry: BusEntry): void {
    const isNewGap = this.#ahead === undefined;
    this.#ahead ??= new Map();
    // Copied for the same reason as in createEntry.
    this.#ahead.set(entry.seq, { ...entry, packet: Buffer.from(entry.packet) });
    if (isNewGap) this.owner.incomplete(this);
  }

  #drainAhead(ahead: Map<number, BusEntry>): void {
    for (let next = ahead.get(this.head + 1); next; next = ahead.get(this.head + 1)) this.#append(next);
    for (const seq of ahead.keys()) if (seq <= this.head) ahead.delete(seq);
    if (ahead.size === 0) this.#ahead = undefined;
  }
}
