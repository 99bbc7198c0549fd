import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import { apiKeyModels } from './api-keys.model.js';
import { apiKeyRoutes } from './api-keys.routes.js';
import { createApiKeys } from './api-keys.service.js';

/** Keys by which machines call; whether one lets in, each request finds out (`http/keyring.ts`). */
export function apiKeysModule({ mongo }: Pick<Context, 'mongo'>): ApiModule {
  const models = apiKeyModels(mongo.connection);
  return { routes: apiKeyRoutes(createApiKeys(models)), start: () => ensureIndexes(models) };
}
