import { errorCodes, Problem, problemSchema, type ErrorCode, type ForwardedCall } from '@tidings/contracts';

export interface Caller {
  token: string;
  /** The client's address, for the API's limits and its audit log. */
  address: string;
  userAgent?: string | undefined;
  idempotencyKey?: string | undefined;
}

/** Makes an HTTP call of the API for a client. */
export interface Forward {
  /**
   * Answers with the response's body, and `events` from `Tidings-Events` when it was a write.
   * @throws Problem what the API answered, or `unavailable` when it did not within 10 s
   */
  (call: ForwardedCall, caller: Caller): Promise<Record<string, unknown>>;
}

const timeoutMs = 10_000;

export function createForward(apiUrl: () => string): Forward {
  return async ({ method, path, body }, { token, address, userAgent, idempotencyKey }) => {
    let response: Response;
    let answer: unknown;
    try {
      response = await fetch(new URL(path, apiUrl()), {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          'x-forwarded-for': address,
          ...(userAgent ? { 'user-agent': userAgent } : {}),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
        redirect: 'error',
      });
      const text = await response.text();
      answer = text === '' ? {} : JSON.parse(text);
    } catch (cause) {
      throw new Problem('unavailable', 'The service did not answer; try again', { cause, retryAfterSeconds: 1 });
    }
    if (!response.ok) throw toProblem(response.status, answer);
    const events = response.headers.get('tidings-events');
    const fields = typeof answer === 'object' && answer !== null && !Array.isArray(answer) ? answer : { result: answer };
    return { ...fields, ...(events ? { events: events.split(',').map((event) => event.trim()) } : {}) };
  };
}

function toProblem(status: number, answer: unknown): Problem {
  const parsed = problemSchema.safeParse(answer);
  if (!parsed.success) return new Problem(status >= 500 ? 'unavailable' : 'bad-request', `The service answered with status ${status}`);
  const { code, detail, title, errors, current, errorId } = parsed.data;
  const known = (errorCodes as readonly string[]).includes(code) ? (code as ErrorCode) : 'internal';
  return new Problem(known, detail ?? title, {
    ...(errors ? { errors } : {}),
    ...(current === undefined ? {} : { current }),
    ...(errorId ? { errorId } : {}),
  });
}
