import { Problem } from '@tidings/contracts';
import type { SigningKey } from '@tidings/platform';
import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

/** What a code stands for. Times are milliseconds since 1970, whole seconds; `nonce` names this one code, so that it can be used once. */
export type Code =
  /** A merchant's stall; printed, valid until the keys change. */
  | { kind: 'stall'; merchantId: string }
  /** One item at the price (minor units) that it had when the code was made. */
  | { kind: 'item'; merchantId: string; itemId: string; price: number; nonce: string; expiresAt: number }
  /** A customer, who shows it. */
  | { kind: 'user'; userId: string; nonce: string; expiresAt: number }
  /** The same customer, on paper: valid until another serial is given out. */
  | { kind: 'card'; userId: string; serial: string }
  /** The right to be handed an order. */
  | { kind: 'pickup'; orderId: string; nonce: string; expiresAt: number }
  /** The right to be handed a reward. */
  | { kind: 'redemption'; redemptionId: string; nonce: string; expiresAt: number };
export type CodeKind = Code['kind'];
export type CodeOf<Kind extends CodeKind> = Extract<Code, { kind: Kind }>;
/** A code that serves for a short time, and once. */
export type PassingCode = Extract<Code, { nonce: string }>;

/** How long a code that changes is valid: a queue at the counter moves on within that, a photograph of it is worthless after. */
export const codeValidMs = 5 * 60_000;
/** Of a customer's, which the app renews: a screenshot of it is soon worth nothing. */
export const userCodeValidMs = 60_000;

export interface Codes {
  /** Of `TDG1.{kind}.{key}.{fields}.{mac}`: at most 120 characters, all of them safe in a URL. */
  sign(code: Code): string;
  /**
   * @throws Problem `code-invalid` (no code of ours, or not as it was signed), `code-foreign` (signed with keys that are not ours),
   *   `code-expired`
   */
  read(text: string, now: Date): Code;
  /** @throws Problem as `read`, and `code-foreign` for a code of another kind */
  readAs<Kind extends CodeKind>(kind: Kind, text: string, now: Date): CodeOf<Kind>;
}

/** The two fields that make a code one of its own. */
export function passing(now: Date, validMs = codeValidMs): { nonce: string; expiresAt: number } {
  return { nonce: randomBytes(8).toString('base64url'), expiresAt: Math.floor((now.getTime() + validMs) / 1_000) * 1_000 };
}

const id = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const nonce = z.string().regex(/^[A-Za-z0-9_-]{11}$/);
const whole = z
  .string()
  .regex(/^[0-9a-z]{1,10}$/)
  .transform((digits) => parseInt(digits, 36))
  .pipe(z.int());
const time = whole.transform((seconds) => seconds * 1_000);

/** In the order in which they stand in the code. */
const fields = {
  stall: { merchantId: id },
  item: { merchantId: id, itemId: id, price: whole, nonce, expiresAt: time },
  user: { userId: id, nonce, expiresAt: time },
  card: { userId: id, serial: nonce },
  pickup: { orderId: id, nonce, expiresAt: time },
  redemption: { redemptionId: id, nonce, expiresAt: time },
} as const;

const prefix = 'TDG1';
const form = /^TDG1\.(stall|item|user|card|pickup|redemption)\.([A-Za-z0-9_-]{6})\.([A-Za-z0-9_.-]+)\.([A-Za-z0-9_-]{22})$/;
const longest = 300;

interface CodeKey {
  tag: string;
  secret: Buffer;
}

/** Neither the key nor its tag can be told from the secret that signs tokens, nor the other way round (RFC 5869). */
function deriveKey({ kid, secret }: SigningKey): CodeKey {
  const derive = (info: string, length: number): Buffer => Buffer.from(hkdfSync('sha256', secret, kid, `tidings codes ${info}`, length));
  return { secret: derive('mac', 32), tag: derive('tag', 6).toString('base64url').slice(0, 6) };
}

/** @param keys of the tokens: the first signs, each verifies, so that codes that are on paper outlive a rotation while their key is kept */
export function createCodes(keys: readonly [SigningKey, ...SigningKey[]]): Codes {
  const derived = keys.map(deriveKey) as [CodeKey, ...CodeKey[]];
  const [current] = derived;
  // 128 bits: nobody hits that, and the code stays small.
  const mac = ({ secret }: CodeKey, signed: string): string => createHmac('sha256', secret).update(signed).digest('base64url').slice(0, 22);

  const read = (text: string, now: Date): Code => {
    const match = text.length <= longest ? form.exec(text) : null;
    const [, kind, tag, payload, given] = match ?? [];
    if (!kind || !tag || !payload || !given) throw new Problem('code-invalid');
    const key = derived.find((one) => one.tag === tag);
    if (!key) throw new Problem('code-foreign', 'The code is of another installation, or of a key that is no longer kept');
    // The texts are compared, not the bytes: base64url has several texts for one mac, and only ours is the code that was signed.
    const expected = mac(key, `${prefix}.${kind}.${tag}.${payload}`);
    if (!timingSafeEqual(Buffer.from(expected), Buffer.from(given))) throw new Problem('code-invalid');
    const code = parsePayload(kind as CodeKind, payload);
    if ('expiresAt' in code && code.expiresAt <= now.getTime()) throw new Problem('code-expired');
    return code;
  };

  return {
    sign(code) {
      const signed = `${prefix}.${code.kind}.${current.tag}.${writePayload(code)}`;
      return `${signed}.${mac(current, signed)}`;
    },
    read,
    readAs(kind, text, now) {
      const code = read(text, now);
      if (code.kind !== kind) throw new Problem('code-foreign', `This is the code of ${nouns[code.kind]}, not of ${nouns[kind]}`);
      return code as CodeOf<typeof kind>;
    },
  };
}

const nouns: Readonly<Record<CodeKind, string>> = {
  stall: 'a stall',
  item: 'an item',
  user: 'a customer',
  card: 'a customer’s card',
  pickup: 'an order',
  redemption: 'a reward',
};

function writePayload(code: Code): string {
  const values: Readonly<Record<string, string | number>> = code;
  return Object.keys(fields[code.kind])
    .map((name) => {
      const value = values[name] ?? '';
      if (typeof value === 'string') return value;
      return (name === 'expiresAt' ? Math.floor(value / 1_000) : value).toString(36);
    })
    .join('.');
}

function parsePayload(kind: CodeKind, payload: string): Code {
  const names = Object.keys(fields[kind]);
  const parts = payload.split('.');
  const parsed = z.strictObject(fields[kind]).safeParse(Object.fromEntries(names.map((name, index) => [name, parts[index]])));
  // It was signed by us, so this is a code of another version of ours.
  if (!parsed.success || parts.length !== names.length) throw new Problem('code-invalid');
  return { kind, ...parsed.data } as Code;
}
