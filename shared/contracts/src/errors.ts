import { z } from 'zod';

interface ErrorDefinition {
  status: number;
  title: string;
  /** Whether the same request may succeed later without a change. */
  retryable?: true;
}

/** Every error that a client can get: a stable kebab-case code, its HTTP status, its title. */
export const errorCatalogue = {
  'bad-request': { status: 400, title: 'The request is not valid' },
  'invalid-signature': { status: 400, title: 'The signature does not match the body' },
  unauthenticated: { status: 401, title: 'A valid access token is required' },
  'token-expired': { status: 401, title: 'The access token has expired' },
  'invalid-credentials': { status: 401, title: 'E-mail or password is wrong' },
  'refresh-token-reused': { status: 401, title: 'The refresh token was used before; the session is closed' },
  'session-revoked': { status: 401, title: 'The session has ended' },
  'key-expired': { status: 401, title: 'The API key has expired, or its secret was replaced' },
  'key-revoked': { status: 401, title: 'The API key was revoked' },
  forbidden: { status: 403, title: 'Not allowed' },
  'not-for-keys': { status: 403, title: 'This is for people; API keys do not reach it' },
  'scope-missing': { status: 403, title: 'The API key does not have the scope for this' },
  'account-suspended': { status: 403, title: 'The account is suspended' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'The resource does not support this method' },
  'not-acceptable': { status: 406, title: 'It is not to be had in a type that is accepted' },
  'email-taken': { status: 409, title: 'An account with this e-mail address exists' },
  'idempotency-key-reused': { status: 409, title: 'The idempotency key was used with another request' },
  'insufficient-funds': { status: 409, title: 'The balance does not cover the amount' },
  'currency-mismatch': { status: 409, title: 'The currencies differ' },
  'price-changed': { status: 409, title: 'The price is not the one that was shown' },
  'out-of-stock': { status: 409, title: 'Not enough in stock' },
  'item-unavailable': { status: 409, title: 'The item is not on offer' },
  'merchant-closed': { status: 409, title: 'The merchant is closed' },
  'merchant-in-use': { status: 409, title: 'The merchant has open orders, money or points' },
  'invalid-transition': { status: 409, title: 'The status cannot change this way' },
  'refund-exceeds-payment': { status: 409, title: 'More would be given back than was paid' },
  'payment-disputed': { status: 409, title: 'A bank disputes the payment, or has taken it back' },
  'already-exists': { status: 409, title: 'It exists already' },
  'code-invalid': { status: 400, title: 'This is not a code of ours' },
  'code-expired': { status: 410, title: 'The code has expired; scan the one that is shown now' },
  'code-used': { status: 409, title: 'The code was used before' },
  'code-foreign': { status: 409, title: 'The code is for something else' },
  'own-code': { status: 409, title: 'One cannot scan one’s own code' },
  'insufficient-points': { status: 409, title: 'The card does not have so many points' },
  'enrollment-refused': { status: 409, title: 'The other side does not want this' },
  'program-closed': { status: 409, title: 'The program is not active' },
  'capacity-exceeded': { status: 409, title: 'The plan has no room for so much' },
  'plan-in-use': { status: 409, title: 'The plan has investments' },
  'plan-limit': { status: 409, title: 'The subscription allows no more of these' },
  'renewal-too-early': { status: 409, title: 'The subscription is paid for already' },
  'provider-unavailable': { status: 409, title: 'The payment provider is not set up' },
  'ticket-used': { status: 409, title: 'The ticket serves another stream' },
  'version-mismatch': { status: 412, title: 'The document has changed since it was read' },
  'payload-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The content type is not supported' },
  'rate-limited': { status: 429, title: 'Too many requests', retryable: true },
  internal: { status: 500, title: 'Something went wrong on our side', retryable: true },
  'provider-error': { status: 502, title: 'The payment provider did not answer as expected', retryable: true },
  unavailable: { status: 503, title: 'Busy; try again shortly', retryable: true },
} as const satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof errorCatalogue;
export const errorCodes = Object.keys(errorCatalogue) as ErrorCode[];

export const fieldErrorSchema = z.strictObject({ path: z.string(), message: z.string() });
export type FieldError = z.infer<typeof fieldErrorSchema>;

const conflictSchema = z.strictObject({ field: z.string(), base: z.unknown(), current: z.unknown(), mine: z.unknown() });
/** A field that was changed by two: what it was when the client read it, what it is, what the client wants. */
export type MergeConflict = z.infer<typeof conflictSchema>;

/** RFC 9457 problem details, with our stable `code` and the fields at fault. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  code: z.string(),
  errors: z.array(fieldErrorSchema).optional(),
  /** On 412: the document as it is now. */
  current: z.unknown().optional(),
  /** On 412, where the version that the client had is known: the document with the client's change on top of what was changed since. */
  proposal: z.unknown().optional(),
  /** Of the proposal: fields that both changed. It has the current value there. */
  conflicts: z.array(conflictSchema).max(50).optional(),
  /** How many things stand in the way. */
  count: z.int().min(1).optional(),
  /** On `plan-limit`: how many the plan allows, and how many there are. */
  limit: z.int().optional(),
  used: z.int().optional(),
  /** On 500: the id under which the log has the cause. */
  errorId: z.string().optional(),
});
export type ProblemBody = z.infer<typeof problemSchema>;

/** An error with a code of the catalogue: thrown by domain code, shown as a problem (HTTP) or an ack error (socket). */
export class Problem extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly detail: string | undefined;
  readonly errors: FieldError[] | undefined;
  readonly extra: Pick<ProblemBody, 'current' | 'proposal' | 'conflicts' | 'count' | 'limit' | 'used' | 'errorId'> & {
    retryAfterSeconds?: number;
  };

  constructor(code: ErrorCode, detail?: string, options: { errors?: FieldError[]; cause?: unknown } & Problem['extra'] = {}) {
    super(detail ?? errorCatalogue[code].title, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Problem';
    this.code = code;
    this.status = errorCatalogue[code].status;
    this.detail = detail;
    this.errors = options.errors;
    const { current, proposal, conflicts, count, limit, used, errorId, retryAfterSeconds } = options;
    this.extra = {
      ...(current === undefined ? {} : { current }),
      ...(proposal === undefined ? {} : { proposal }),
      ...(conflicts ? { conflicts } : {}),
      ...(count ? { count } : {}),
      ...(errorId ? { errorId } : {}),
      ...(limit === undefined ? {} : { limit }),
      ...(used === undefined ? {} : { used }),
      ...(retryAfterSeconds ? { retryAfterSeconds } : {}),
    };
  }

  toBody(): ProblemBody {
    const { retryAfterSeconds: _, ...extra } = this.extra;
    return {
      type: `https://tidings.dev/problems/${this.code}`,
      title: errorCatalogue[this.code].title,
      status: this.status,
      ...(this.detail === undefined ? {} : { detail: this.detail }),
      code: this.code,
      ...(this.errors ? { errors: this.errors } : {}),
      ...extra,
    };
  }
}

/** One field that no schema could refuse, as a `bad-request` that names it. @param path in the body or the query, `items.0.price` */
export const badField = (path: string, message: string): Problem =>
  new Problem('bad-request', 'Some fields are not valid', { errors: [{ path: path.slice(0, 200), message }] });

/** A failed schema check as a `bad-request` that names each bad field. */
export function badRequest(error: z.ZodError): Problem {
  return new Problem('bad-request', 'Some fields are not valid', {
    errors: error.issues.slice(0, 20).map((issue) => ({ path: issue.path.map(String).join('.'), message: issue.message })),
  });
}
