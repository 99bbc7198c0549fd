import { eventId, type Entry } from './entry.js';
import type { Hub } from './hub.js';

/** Both feeds of an event are published together; a gap of one of them is healed within 5 s. */
export const handoverMs = 10_000;

/**
 * Two feeds that hold the same events, one in the other, change places for a client: `from` brought them so far, `to` takes over. They may be
 * some entries apart at that moment, so for a while both are heard, and each event passes once: by `from` when `to` had passed it before it
 * took over, else by `to`, unless the client has it already.
 */
export class Handover {
  /** `to` was past them when it took over, and the client has not got them: only `from` can still bring them. */
  readonly #missed: Set<string>;
  readonly #delivered: Set<string>;

  /**
   * @param fromStart where the client began to follow `from`
   * @param before the change of places between the same two feeds that this one turns back
   */
  constructor(
    readonly from: Hub,
    readonly to: Hub,
    fromStart: number,
    before?: Handover,
  ) {
    const brought = from.recent.filter(({ seq }) => seq > fromStart).map(eventId);
    this.#delivered = new Set([...(before ? before.#delivered : []), ...brought]);
    this.#missed = new Set(to.recent.map(eventId).filter((id) => !this.#delivered.has(id)));
  }

  passes(entry: Entry): boolean {
    if (entry.feed !== this.from.feed && entry.feed !== this.to.feed) return true;
    const id = eventId(entry);
    if (this.#delivered.has(id) || (entry.feed === this.from.feed && !this.#missed.has(id))) return false;
    this.#delivered.add(id);
    return true;
  }
}
