import type { Problem } from '@tidings/contracts';
import type { Entry } from '../entry.js';
import type { FeedReset } from '../follower.js';
import type { EndReason, Port } from '../port.js';
import { typedEvent } from './frames.js';
import type { Place } from './place.js';
import { endProblem } from './sse.js';

/** Of one answer; the rest comes with the next one. */
const maxEntries = 500;
const maxBytes = 1024 * 1024;
const comma = Buffer.from(',');

/**
 * A connection that lives for one request: it gathers what there is and is done at the end of the turn in which something came, or when its
 * time is over.
 */
export class PollPort implements Port {
  readonly transport = 'long-poll';
  ended: EndReason | undefined;
  /** What the request is answered with. */
  readonly answer: Promise<Buffer | Problem>;
  #done!: (answer: Buffer | Problem) => void;
  #settled = false;
  #entries: Buffer[] = [];
  #bytes = 0;
  #resets: FeedReset[] = [];
  #ending = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly id: string,
    private readonly place: Place,
    private readonly waitMs: number,
  ) {
    this.answer = new Promise((resolve) => {
      this.#done = resolve;
    });
  }

  send(entry: Entry): void {
    // Once one was left out, so are those behind it: the place stays before it.
    if (this.#settled || this.#entries.length >= maxEntries || this.#bytes >= maxBytes) return;
    const bytes = typedEvent(entry);
    this.#bytes += bytes.length;
    this.#entries.push(bytes);
    this.place.passed(entry.feed, entry.seq);
    this.#endWithTurn();
  }

  emit(event: string, payload: unknown): void {
    if (event === 'connected') {
      const { epoch, feeds } = payload as { epoch: string; feeds: Record<string, number> };
      this.place.connected(epoch, feeds);
      if (this.waitMs > 0) this.#timer = setTimeout(() => this.finish(), this.waitMs);
    } else if (event === 'feed-reset') {
      const reset = payload as FeedReset;
      if (!this.place.reset(reset)) return this.finish();
      this.#resets.push(reset);
      this.#endWithTurn();
    }
  }

  /** Nothing more is to be replayed, so whoever does not wait has all. */
  replayed(): void {
    if (this.waitMs === 0) this.finish();
  }

  /** With what has come so far. */
  finish(): void {
    this.#settle(this.#body());
  }

  drained(): Promise<void> {
    return this.#ending ? this.answer.then(() => undefined) : Promise.resolve();
  }

  enter(): void {}
  exit(): void {}

  end(reason: EndReason): void {
    if (this.ended) return;
    this.ended = reason;
    if (reason === 'draining') this.finish();
    else this.#settle(endProblem(reason));
  }

  #endWithTurn(): void {
    if (this.#ending) return;
    this.#ending = true;
    setImmediate(() => this.finish());
  }

  #settle(answer: Buffer | Problem): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#done(answer);
  }

  #body(): Buffer {
    const entries = this.#entries.flatMap((entry, index) => (index === 0 ? [entry] : [comma, entry]));
    const resets = this.#resets.length > 0 ? `,"resets":${JSON.stringify(this.#resets)}` : '';
    return Buffer.concat([
      Buffer.from('{"entries":['),
      ...entries,
      Buffer.from(`],"cursors":${JSON.stringify(this.place.sureText)}${resets}}`),
    ]);
  }
}
