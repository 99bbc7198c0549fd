import { formatPosition, type Position } from '@tidings/contracts';
import type { FeedReset } from '../follower.js';

/**
 * How far a client of named feeds has got: what it resumes with. A feed that another one of them brings has no number of its own to tell.
 */
export class Place {
  /** `epoch.`, before the numbers. */
  #epoch: string | undefined;
  readonly #cursors: Map<string, number | undefined>;
  /** With a cursor of another epoch: until each of them was reset, this place is in no epoch, and nothing is told of it. */
  readonly #stale = new Set<string>();

  constructor(
    readonly feeds: readonly string[],
    private readonly given: Position,
  ) {
    this.#epoch = given.epoch;
    this.#cursors = new Map(feeds.map((feed, index) => [feed, given.cursors[index]]));
  }

  /** For `Connection.begin`. */
  get start(): { epoch: string | undefined; cursors: Record<string, number> } {
    const known = [...this.#cursors].flatMap(([feed, cursor]) => (cursor === undefined ? [] : [[feed, cursor] as const]));
    return { epoch: this.#epoch, cursors: Object.fromEntries(known) };
  }

  /** The feeds that are followed, with their heads. */
  connected(epoch: string, heads: Readonly<Record<string, number>>): void {
    for (const [feed, head] of Object.entries(heads)) {
      if (this.#cursors.get(feed) === undefined) this.#cursors.set(feed, head);
      else if (this.#epoch !== undefined && this.#epoch !== epoch) this.#stale.add(feed);
    }
    if (this.#stale.size === 0) this.#epoch = epoch;
  }

  passed(feed: string, seq: number): void {
    this.#cursors.set(feed, seq);
  }

  /** False when it begins another epoch, which must not be told before all the others were reset too. */
  reset({ feed, head, epoch }: FeedReset): boolean {
    const wasStale = this.#stale.delete(feed);
    if (!wasStale && epoch !== this.#epoch) return false;
    this.#cursors.set(feed, head);
    if (wasStale && this.#stale.size === 0) this.#epoch = epoch;
    return true;
  }

  /** Undefined while it is in no epoch: then the client keeps what it was told before. */
  get text(): string | undefined {
    if (this.#stale.size > 0) return undefined;
    return formatPosition({ epoch: this.#epoch, cursors: this.feeds.map((feed) => this.#cursors.get(feed)) });
  }

  /** The same for who has to be told something: where it came from, while there is nothing else. */
  get sureText(): string {
    return this.text ?? formatPosition(this.given);
  }
}
