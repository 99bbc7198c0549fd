import type { Connection } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';
import type { StoredSecret } from '../../http/api-key-secrets.js';
import { apiKeysCollection, type StoredKey } from '../../http/keyring.js';

export interface ApiKeyDocument extends StoredKey {
  scopes: StoredKey['scopes'][number][];
  former: (StoredSecret & { until: Date })[];
  createdAt: Date;
  /** The superadmin. */
  createdBy: string;
  rotatedAt: Date | null;
}

const text = { type: String, required: true } as const;
const time = { type: Date, default: null } as const;

const schema = new Schema<ApiKeyDocument>(
  {
    _id: text,
    name: text,
    scopes: { type: [String], required: true },
    secret: { type: new Schema<StoredSecret>({ hash: text, prefix: text }, { _id: false, strict: 'throw' }), required: true },
    former: {
      type: [new Schema({ hash: text, prefix: text, until: { type: Date, required: true } }, { _id: false, strict: 'throw' })],
      required: true,
    },
    createdAt: { type: Date, required: true },
    createdBy: text,
    expiresAt: time,
    lastUsedAt: time,
    rotatedAt: time,
    revokedAt: time,
  },
  { collection: apiKeysCollection, versionKey: false, strict: 'throw' },
);
schema.index({ createdAt: -1, _id: -1 });

export interface ApiKeyModels {
  apiKeys: Model<ApiKeyDocument>;
}

/** The models on this connection; asked for again, the same ones. */
export function apiKeyModels(connection: Connection): ApiKeyModels {
  return { apiKeys: connection.models['ApiKey'] ?? connection.model<ApiKeyDocument>('ApiKey', schema) };
}
