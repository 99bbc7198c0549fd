import { setTimeout as pause } from 'node:timers/promises';
import { createHttp, type Answer, type Random, type TestClient } from '@tidings/testing';
import type { Meter } from './meter.js';

type Fields = Record<string, unknown>;

/** What a socket command answered. */
export type Outcome = { ok: true; body: Fields } | { ok: false; code: string };

/** Somebody at the festival: a stock client that keeps its cursors, and the API beside it. */
export interface Actor {
  id: string;
  name: string;
  token: string;
  client: TestClient;
  random: Random;
  /** Asks again with the same key while the answer is to try again later. @throws Error after a minute */
  http(method: string, path: string, body?: unknown): Promise<Answer>;
  /** A client event with its acknowledgement, asked again likewise. `keyed`: it takes an `idempotencyKey`. */
  emit(event: string, payload: Fields, options?: { keyed?: boolean }): Promise<Outcome>;
}

const patienceMs = 60_000;
const retryable = new Set(['unavailable', 'rate-limited']);
let keys = 0;

export function createActor(options: Omit<Actor, 'http' | 'emit'> & { url: string; meter: Meter }): Actor {
  const { url, meter, ...who } = options;
  const { client, random } = who;
  const api = createHttp(url, who.token);
  const nextKey = (): string => `festival-${process.pid}-${++keys}`;

  const again = async <T>(what: string, ask: () => Promise<T>, isFinal: (answer: T) => boolean): Promise<T> => {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const answer = await ask();
      if (isFinal(answer)) return answer;
      if (performance.now() > deadline) throw new Error(`${what} had no definite answer within ${patienceMs} ms`);
      meter.count('asked again');
      await pause(random.between(50, 250));
    }
  };

  return {
    ...who,
    http(method, path, body) {
      const headers = method === 'GET' ? {} : { 'idempotency-key': nextKey() };
      return again(
        `${method} ${path}`,
        () => api.send(method, path, body, headers),
        ({ status }) => status !== 503 && status !== 429,
      );
    },
    async emit(event, payload, { keyed = false } = {}) {
      const given = keyed ? { ...payload, idempotencyKey: nextKey() } : payload;
      const answer = await again(
        event,
        () => client.call(event, given),
        ({ ok, error }) => ok === true || !retryable.has((error as { code: string }).code),
      );
      if (answer['ok'] !== true) return { ok: false, code: (answer['error'] as { code: string }).code };
      const { ok: _, ...body } = answer;
      return { ok: true, body };
    },
  };
}
