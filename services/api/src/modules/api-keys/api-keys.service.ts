import { type ApiKeyInput, type ApiKeysQuery, badField, type Principal, Problem, scopes as allScopes } from '@tidings/contracts';
import type { AuditDetails, Tx } from '@tidings/feed';
import { newId } from '@tidings/platform';
import { newSecret } from '../../http/api-key-secrets.js';
import { newestFirst, olderThan, pageByTime, type Paged } from '../../http/lists.js';
import type { ApiKeyDocument, ApiKeyModels } from './api-keys.model.js';
import { presentApiKey } from './api-keys.presenter.js';

/** A key with its secret, which is nowhere else and cannot be had again. */
export interface KeyWithSecret {
  key: ApiKeyDocument;
  secret: string;
}

/** Each change is in the audit log, without any secret. Who may call: superadmins, as the contract says, and never a key. */
export interface ApiKeys {
  /** @throws Problem `bad-request` for an end that has passed */
  create(tx: Tx, caller: Principal, input: ApiKeyInput): Promise<KeyWithSecret>;
  /** Newest first. */
  list(query: ApiKeysQuery): Promise<Paged<ApiKeyDocument>>;
  /**
   * Gives the key a new secret. Those that it has had work on, but from now on for `overlapSeconds` at most.
   * @throws Problem `not-found`; `invalid-transition` for one that has ended, and when too many secrets work already
   */
  rotate(tx: Tx, id: string, overlapSeconds: number): Promise<KeyWithSecret>;
  /** Ends it; one that was revoked stays as it is. @throws Problem `not-found` */
  revoke(tx: Tx, id: string): Promise<void>;
}

/** Who rotates more often within an overlap has lost an answer each time: then 0 seconds, or another key, are the way out. */
const mostFormer = 4;

export function createApiKeys({ apiKeys }: ApiKeyModels): ApiKeys {
  const get = async (tx: Tx, id: string): Promise<ApiKeyDocument> => {
    const key = await apiKeys.findById(id, null, { session: tx.session }).lean<ApiKeyDocument>();
    if (!key) throw new Problem('not-found', 'There is no such API key');
    return key;
  };
  const audit = (tx: Tx, verb: string, before: ApiKeyDocument | null, after: ApiKeyDocument, more: AuditDetails = {}): Promise<void> =>
    tx.audit({
      action: `api-key.${verb}`,
      target: `api-key:${after._id}`,
      details: { name: after.name, ...more },
      before: before && presentApiKey(before, tx.now),
      after: presentApiKey(after, tx.now),
    });

  return {
    async create(tx, caller, { name, scopes, expiresAt }) {
      const end = expiresAt === undefined ? null : new Date(expiresAt);
      if (end && end <= tx.now) throw badField('expiresAt', 'must be in the future');
      const _id = newId();
      const { text, stored } = newSecret(_id);
      const key: ApiKeyDocument = {
        _id,
        name,
        scopes: allScopes.filter((scope) => scopes.includes(scope)),
        secret: stored,
        former: [],
        createdAt: tx.now,
        createdBy: caller.userId,
        expiresAt: end,
        lastUsedAt: null,
        rotatedAt: null,
        revokedAt: null,
      };
      await apiKeys.create([key], { session: tx.session });
      await audit(tx, 'create', null, key);
      return { key, secret: text };
    },

    async list({ limit, cursor }) {
      const found = await apiKeys
        .find(olderThan(cursor))
        .sort(newestFirst)
        .limit(limit + 1)
        .lean<ApiKeyDocument[]>();
      return pageByTime(found, limit);
    },

    async rotate(tx, id, overlapSeconds) {
      const key = await get(tx, id);
      if (key.revokedAt || (key.expiresAt && key.expiresAt <= tx.now))
        throw new Problem('invalid-transition', 'The key has ended; create another one');
      const end = new Date(tx.now.getTime() + overlapSeconds * 1_000);
      const former = [{ ...key.secret, until: end }, ...key.former]
        .map((secret) => ({ ...secret, until: secret.until < end ? secret.until : end }))
        .filter(({ until }) => until > tx.now);
      if (former.length > mostFormer)
        throw new Problem('invalid-transition', `${mostFormer} secrets from before still work; wait, or end them with an overlap of 0`);
      const { text, stored } = newSecret(id);
      const change = { secret: stored, former, rotatedAt: tx.now };
      await apiKeys.updateOne({ _id: id }, { $set: change }, { session: tx.session });
      const rotated = { ...key, ...change };
      await audit(tx, 'rotate', key, rotated, { overlapSeconds });
      return { key: rotated, secret: text };
    },

    async revoke(tx, id) {
      const key = await get(tx, id);
      if (key.revokedAt) return;
      await apiKeys.updateOne({ _id: id }, { $set: { revokedAt: tx.now } }, { session: tx.session });
      await audit(tx, 'revoke', key, { ...key, revokedAt: tx.now });
    },
  };
}
