import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '@tidings/testing';

export interface Answer {
  status: number;
  body: Record<string, unknown>;
}

export interface Request {
  method: string;
  path: string;
  token?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** A caller of the API as clients should be: it asks again, another replica, with the same key, until it has a definite answer. */
export interface Caller {
  /** @throws Error when there was no answer within a minute */
  call(request: Request): Promise<Answer>;
  /** Requests that this replica has not answered yet. */
  inFlight(url: string): number;
  readonly retries: number;
}

const patienceMs = 60_000;
const answerMs = 4_000;

export function createCaller(urls: readonly string[], random: Random): Caller {
  const open = new Map<string, number>(urls.map((url) => [url, 0]));
  let turn = 0;
  let retries = 0;
  let keys = 0;

  const ask = async (url: string, { method, path, token, body, headers }: Request, key: string): Promise<Answer | string> => {
    open.set(url, open.get(url)! + 1);
    try {
      const response = await fetch(url + path, {
        method,
        headers: {
          'content-type': 'application/json',
          ...(token ? { authorization: `Bearer ${token}`, 'idempotency-key': key } : {}),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        signal: AbortSignal.timeout(answerMs),
      });
      const text = await response.text();
      if (response.status >= 500 || response.status === 429) return `${response.status} ${text}`;
      return { status: response.status, body: text ? (JSON.parse(text) as Answer['body']) : {} };
    } catch (error) {
      return String(error); // killed, standing still, or cut off in the middle of the answer: nobody knows whether it was done
    } finally {
      open.set(url, open.get(url)! - 1);
    }
  };

  return {
    async call(request) {
      const key = `chaos-${process.pid}-${++keys}`;
      const deadline = Date.now() + patienceMs;
      for (;;) {
        const answer = await ask(urls[turn++ % urls.length]!, request, key);
        if (typeof answer !== 'string') return answer;
        if (Date.now() > deadline)
          throw new Error(`${request.method} ${request.path} had no answer within ${patienceMs} ms; the last was ${answer}`);
        retries++;
        await pause(random.between(50, 250));
      }
    },
    inFlight: (url) => open.get(url) ?? 0,
    get retries() {
      return retries;
    },
  };
}
