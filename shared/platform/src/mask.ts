const masked = '[masked]';
/** As they end, without case, dashes and underscores: every provider's signature header, `Set-Cookie`, `refreshToken`, `clientSecret`. */
const secretName = /(?:password|passwordhash|token|ticket|secret|signature|authorization|cookie|apikey|qrcode|pickupcode)s?$/;
/** Secrets by their form, wherever a text has them: in a URL, in what a library says of a failure. */
const secretTexts: readonly [RegExp, string][] = [
  [/([?&](?:ticket|token|access_token|refreshToken|code)=)[^&\s"']*/gi, `$1${masked}`],
  [/\b(Bearer|Basic)\s+[\w.~+/-]{8,}=*/gi, `$1 ${masked}`],
  // JSON Web Tokens, our QR codes and API keys, keys and secrets of providers.
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, masked],
  [/\bTDG1\.[\w.-]+/g, masked],
  [/\btk_[0-9a-f]{24}_[\w-]{5,}/g, masked],
  [/\b(?:whsec|[srp]k_(?:live|test)|rzp_(?:live|test))_[\w+/=-]{6,}/g, masked],
];
/** As deep and as much as a line is worth: an error may carry a whole client. */
const deepest = 6;
const mostValues = 2_000;

export function maskText(text: string): string {
  return secretTexts.reduce((rest, [form, by]) => rest.replace(form, by), text);
}

/** A copy in which secrets are masked, by the name of their field or by their form. `explain` makes a plain object of an error. */
export function mask(value: unknown, explain: (error: Error) => unknown): unknown {
  let left = mostValues;
  const copy = (inner: unknown, depth: number): unknown => {
    if (typeof inner === 'string') return maskText(inner);
    if (typeof inner !== 'object' || inner === null) return inner;
    if (depth >= deepest || left <= 0) return '[cut]';
    if (inner instanceof Error) return copy(explain(inner), depth + 1);
    if (Array.isArray(inner)) return inner.slice(0, left).map((item) => (left--, copy(item, depth + 1)));
    // Dates, ids: they say themselves what they are in JSON.
    if ('toJSON' in inner) return inner;
    return Object.fromEntries(
      Object.entries(inner).map(([name, item]) => {
        left--;
        return [name, isSecret(name, item) ? masked : copy(item, depth + 1)];
      }),
    );
  };
  return copy(value, 0);
}

/** Nothing and numbers are no secrets: `token: undefined`, `attempts of tokens: 3`. */
function isSecret(name: string, value: unknown): boolean {
  return typeof value !== 'number' && value !== undefined && value !== null && secretName.test(name.replace(/[-_]/g, '').toLowerCase());
}
