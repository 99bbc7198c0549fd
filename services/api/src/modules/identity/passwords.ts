import { hash, verify } from '@node-rs/argon2';
import { randomBytes } from 'node:crypto';

/** Argon2id with the first parameters of OWASP's Password Storage Cheat Sheet: 19 MiB (in KiB), two passes, one lane. */
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export function hashPassword(password: string): Promise<string> {
  return hash(password, parameters);
}

let decoy: Promise<string> | undefined;

/**
 * Whether it is the password. Without a hash (nobody has that e-mail address) it does the same work and says no, so that the time
 * does not tell which addresses have an account.
 */
export async function isPassword(stored: string | undefined, password: string): Promise<boolean> {
  decoy ??= hashPassword(randomBytes(32).toString('hex'));
  const against = stored ?? (await decoy);
  const matches = await verify(against, password);
  return matches && stored !== undefined;
}

/** Makes the decoy ahead of time: the first login with an unknown address would take twice as long otherwise. */
export async function preparePasswords(): Promise<void> {
  await isPassword(undefined, '');
}
