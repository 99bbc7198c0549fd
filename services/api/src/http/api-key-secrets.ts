import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a caller sends: `tk_<id>_<secret>`, id in hexadecimal, 256 random bits in base64url. */
export interface PresentedKey {
  id: string;
  secret: string;
}

/** A secret as it is kept. */
export interface StoredSecret {
  hash: string;
  /** How it begins as text: 4 of its 43 characters, by which a person recognizes it. The 232 bits that are left nobody guesses. */
  prefix: string;
}

const form = /^tk_([0-9a-f]{24})_([A-Za-z0-9_-]{43})$/;
const shownCharacters = 4;

/** Whether it says that it is a key; see `parseKey` for whether it has the form of one. */
export const isKey = (token: string): boolean => token.startsWith('tk_');

export function parseKey(token: string): PresentedKey | undefined {
  const [, id, secret] = form.exec(token) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

export function newSecret(id: string): { text: string; stored: StoredSecret } {
  const secret = randomBytes(32).toString('base64url');
  return { text: `tk_${id}_${secret}`, stored: { hash: hashOf(secret), prefix: `tk_${id}_${secret.slice(0, shownCharacters)}` } };
}

/**
 * One round of SHA-256, unlike passwords: slow, salted hashes are there for secrets that people think of and an attacker can try one after the
 * other. Of 256 random bits there is no list to try, and each request would pay for the slowness.
 */
const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** In constant time: how long the comparison takes tells nothing of how much was right. */
export function isSecret({ hash }: Pick<StoredSecret, 'hash'>, secret: string): boolean {
  return timingSafeEqual(Buffer.from(hash, 'hex'), Buffer.from(hashOf(secret), 'hex'));
}
