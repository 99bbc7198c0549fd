import { keyActor, Problem, type Principal, type RouteDefinition, type Scope } from '@tidings/contracts';
import { gather, type Mongo } from '@tidings/platform';
import { isSecret, parseKey, type PresentedKey, type StoredSecret } from './api-key-secrets.js';

export const apiKeysCollection = 'api_keys';
/** `lastUsedAt` is this exact: one write a minute and key, however often it calls. */
const noteEveryMs = 60_000;

/** Of an API key, what decides whether it lets in; the module `api-keys` writes it. */
export interface StoredKey {
  _id: string;
  name: string;
  scopes: readonly Scope[];
  secret: StoredSecret;
  /** From before rotations, newest first. */
  former: readonly (StoredSecret & { until: Date })[];
  expiresAt: Date | null;
  revokedAt: Date | null;
  lastUsedAt: Date | null;
}

/** A machine whose key is good. */
export type KeyHolder = Pick<StoredKey, 'name' | 'scopes'> & { id: string };

export interface Keyring {
  /** Whose key this is; notes that it was used. @throws Problem `unauthenticated`, `key-expired`, `key-revoked` */
  check(token: string): Promise<KeyHolder>;
}

/**
 * API keys, read from the primary for each request (those that come together share a query): one that was revoked ends at once, on every replica.
 * @param clock by which keys and replaced secrets end
 */
export function createKeyring(mongo: Mongo, clock: () => Date = () => new Date()): Keyring {
  const keys = mongo.db.collection<StoredKey>(apiKeysCollection, { readConcern: { level: 'majority' }, readPreference: 'primary' });
  // A note for people, lost without harm: no request waits for the majority to have it.
  const notes = mongo.db.collection<StoredKey>(apiKeysCollection, { writeConcern: { w: 1 } });

  const load = gather(async (ids: readonly string[]) => {
    const found = await keys.find({ _id: { $in: [...new Set(ids)] } }).toArray();
    return new Map(found.map((key) => [key._id, key]));
  });

  const noteUse = async ({ _id, lastUsedAt }: StoredKey, now: Date): Promise<void> => {
    const stale = new Date(now.getTime() - noteEveryMs);
    if (lastUsedAt !== null && lastUsedAt > stale) return;
    // Of many requests at once the first one writes.
    await notes.updateOne({ _id, $or: [{ lastUsedAt: null }, { lastUsedAt: { $lte: stale } }] }, { $set: { lastUsedAt: now } });
  };

  return {
    async check(token) {
      const presented = parseKey(token);
      const key = presented && (await load(presented.id)).get(presented.id);
      if (!presented || !key) throw new Problem('unauthenticated', 'The API key is not known');
      const now = clock();
      assertGood(key, presented, now);
      await noteUse(key, now);
      return { id: key._id, name: key.name, scopes: key.scopes };
    },
  };
}

/** Only who has the secret is told what became of the key. */
function assertGood(key: StoredKey, { secret }: PresentedKey, now: Date): void {
  const former = key.former.find((one) => isSecret(one, secret));
  if (!isSecret(key.secret, secret) && !former) throw new Problem('unauthenticated', 'The API key is not known');
  if (key.revokedAt) throw new Problem('key-revoked');
  if (key.expiresAt && key.expiresAt <= now) throw new Problem('key-expired', 'The API key has expired');
  if (former && former.until <= now) throw new Problem('key-expired', 'The secret of the API key was replaced');
}

/**
 * Who a key is on this route: no person, with an administrator's rights where its scopes lead and none elsewhere.
 * @throws Problem `not-for-keys`, `scope-missing`
 */
export function principalOfKey({ id, name, scopes }: KeyHolder, { scope }: Pick<RouteDefinition, 'scope'>): Principal {
  if (scope === undefined) throw new Problem('not-for-keys');
  if (!scopes.includes(scope)) throw new Problem('scope-missing', `This needs the scope ${scope}`);
  const actor = keyActor(id);
  return { userId: actor, sessionId: actor, keyId: id, name, roles: ['admin'], merchants: [] };
}
