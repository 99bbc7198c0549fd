import type { ApiKey } from '@tidings/contracts';
import type { ApiKeyDocument } from './api-keys.model.js';

/** Without anything of the secret but how it begins. */
export function presentApiKey(key: ApiKeyDocument, now: Date): ApiKey {
  const { _id, name, secret, scopes, former, createdAt, createdBy } = key;
  const until = Math.max(...former.map((one) => one.until.getTime()), 0);
  const iso = (time: Date | null): string | null => time?.toISOString() ?? null;
  return {
    id: _id,
    name,
    prefix: secret.prefix,
    scopes: [...scopes],
    createdAt: createdAt.toISOString(),
    createdBy,
    expiresAt: iso(key.expiresAt),
    lastUsedAt: iso(key.lastUsedAt),
    rotatedAt: iso(key.rotatedAt),
    formerUntil: !key.revokedAt && until > now.getTime() ? new Date(until).toISOString() : null,
    revokedAt: iso(key.revokedAt),
  };
}
