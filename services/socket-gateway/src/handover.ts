import { eventId, type Entry } from './entry.js';
import type { Hub } from './hub.js';

/** Both feeds of an event are published together; a gap of one of them is healed within 5 s. */
export const handoverMs = 10_000;

/**
 * Two feeds that hold the same events, one in the other, change places for a client: `from` brought them so far, `to` takes over. They may be
 * some entries apart at that moment, so for a while both are heard, and each event passes once: by `from` when `to` had passed it before it
 * took over, else by `to`, unless `from` brought it already.
 */
export class Handover {
  readonly #missed: Set<string>;
  readonly #brought: Set<string>;

  constructor(
    readonly from: Hub,
    readonly to: Hub,
    /** Where the client began to follow `from`. */
    fromStart: number,
  ) {
    this.#missed = new Set(to.recent.map(eventId));
    this.#brought = new Set(
      from.recent
        .filter(({ seq }) => seq > fromStart)
        .map(eventId)
        .filter((id) => !this.#missed.has(id)),
    );
  }

  passes(entry: Entry): boolean {
    if (entry.feed === this.from.feed) return this.#missed.has(eventId(entry));
    if (entry.feed === this.to.feed) return !this.#brought.delete(eventId(entry));
    return true;
  }
}
