import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { errorCatalogue, Problem, type ErrorCode } from '@tidings/contracts';
import type { Entry } from '../entry.js';
import type { FeedReset } from '../follower.js';
import type { EndReason, Port } from '../port.js';
import { commentFrame, messageFrame, retryFrame, withoutChunk } from './frames.js';
import type { Place } from './place.js';
import { atEndOfTurn } from './turn.js';

/** What is written: the difference between one kind of stream and another. */
export interface StreamFormat {
  /** For counts: who is connected how. */
  readonly transport: string;
  /** Undefined for an entry that this client has no use for. */
  entry(entry: Entry, place: Place): Buffer | undefined;
  /** The first message. */
  connected(payload: object, place: Place, retryMs: number): Buffer;
  reset(reset: FeedReset, place: Place): Buffer;
}

export interface StreamOptions {
  id: string;
  req: IncomingMessage;
  res: ServerResponse;
  place: Place;
  format: StreamFormat;
  maxBufferedBytes: number;
  /** Answers in place of the stream, which has not begun. */
  refuse: (problem: Problem) => void;
  /** It is over: nothing more is to be sent. */
  onEnd: () => void;
}

/** What ends a connection is told in the terms of HTTP errors; a network that is too slow could not be told, and to move on is no error. */
const codes: Readonly<Partial<Record<EndReason, ErrorCode>>> = {
  'session-revoked': 'session-revoked',
  'token-expired': 'token-expired',
  forbidden: 'forbidden',
  'ticket-used': 'ticket-used',
  failed: 'unavailable',
};

/** What a request is answered with whose connection ends before it has an answer. */
export function endProblem(reason: EndReason): Problem {
  const code = codes[reason] ?? 'unavailable';
  return new Problem(code, undefined, code === 'unavailable' ? { retryAfterSeconds: 1 } : {});
}

const none: Buffer[] = [];
/** Clients of a gateway that ends do not come back all at once. */
const retry = (): number => 2_000 + Math.floor(Math.random() * 2_000);

/**
 * A connection's way to a client of server-sent events. Headers are sent with `connected`, so that whatever refuses the client before is an
 * answer with a status. What a client gets in one turn of the event loop leaves in one write.
 */
export class StreamPort implements Port {
  readonly id: string;
  /** Why it ended, when it was us who ended it. */
  ended: EndReason | undefined;
  /** Where frames go as they are. Null before the headers, and for clients to which only `res` knows how to speak. */
  #tcp: Socket | null = null;
  #first: Buffer | undefined;
  #more: Buffer[] = none;

  constructor(private readonly options: StreamOptions) {
    this.id = options.id;
  }

  get transport(): string {
    return this.options.format.transport;
  }

  get opened(): boolean {
    return this.options.res.headersSent;
  }

  send(entry: Entry): void {
    const { place, format } = this.options;
    place.passed(entry.feed, entry.seq);
    const frame = format.entry(entry, place);
    if (frame) this.#write(frame);
  }

  emit(event: string, payload: unknown): void {
    const { place, format } = this.options;
    if (event === 'connected') {
      const { epoch, feeds } = payload as { epoch: string; feeds: Record<string, number> };
      place.connected(epoch, feeds);
      this.#open();
      this.#write(format.connected(payload as object, place, retry()));
    } else if (event === 'feed-reset') {
      const reset = payload as FeedReset;
      // It comes back with the place that it has been told, and gets all the resets of the new epoch.
      if (place.reset(reset)) this.#write(format.reset(reset, place));
      else this.end('draining');
    } else {
      this.#write(messageFrame({ event, data: payload }));
    }
  }

  /** Keeps proxies awake, and finds out about clients that have gone. */
  beat(): void {
    if (this.opened && !this.ended && !this.#first) this.#put(commentFrame);
  }

  flush(): void {
    const first = this.#first;
    if (!first) return;
    const frame = this.#more === none ? first : Buffer.concat([first, ...this.#more]);
    const frames = this.#tcp ? [frame] : [first, ...this.#more];
    this.#first = undefined;
    this.#more = none;
    if (!this.options.res.destroyed) for (const one of frames) this.#put(one);
  }

  async drained(): Promise<void> {
    this.flush();
    const { res } = this.options;
    while (!res.destroyed && !this.ended && this.#buffered > 0) {
      const emitter = this.#tcp ?? res;
      if (!emitter.writableNeedDrain) return; // the kernel takes it without our waiting
      await new Promise<void>((resolve) => {
        const done = (): void => {
          emitter.off('drain', done);
          emitter.off('close', done);
          resolve();
        };
        emitter.once('drain', done);
        emitter.once('close', done);
      });
    }
  }

  /** Streams hear of nothing that is not in a feed. */
  enter(): void {}
  exit(): void {}

  end(reason: EndReason): void {
    if (this.ended) return;
    const { res } = this.options;
    const code = codes[reason];
    if (this.opened) {
      if (code) this.#write(messageFrame({ event: 'error', data: { code, message: errorCatalogue[code].title } }));
      else if (reason === 'draining') this.#write(retryFrame(retry()));
      this.flush();
      if (this.ended) return; // what it should have read was too much
    }
    this.ended = reason;
    this.options.onEnd();
    if (reason === 'slow-client') res.destroy();
    else if (this.opened) res.end();
    else this.options.refuse(endProblem(reason));
  }

  #open(): void {
    const { req, res } = this.options;
    res.writeHead(200, {
      'content-type': 'text/event-stream',
      // Compressing would hold events back until there are enough of them.
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    res.flushHeaders();
    // No socket: another answer on the same connection is still under way before this one.
    if (req.httpVersion === '1.1') this.#tcp = res.socket;
  }

  #write(frame: Buffer): void {
    if (this.ended) return;
    if (this.#first) {
      if (this.#more === none) this.#more = [frame];
      else this.#more.push(frame);
    } else {
      this.#first = frame;
      atEndOfTurn(this);
    }
  }

  #put(frame: Buffer): void {
    const isTaken = this.#tcp ? this.#tcp.write(frame) : this.options.res.write(withoutChunk(frame));
    if (!isTaken && this.#buffered > this.options.maxBufferedBytes) this.end('slow-client');
  }

  /** What this process holds for the client because the network does not take it. */
  get #buffered(): number {
    return this.#tcp ? this.#tcp.writableLength : this.options.res.writableLength;
  }
}
