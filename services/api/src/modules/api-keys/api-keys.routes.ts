import { routes } from '@tidings/contracts';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import { presentApiKey } from './api-keys.presenter.js';
import type { ApiKeys, KeyWithSecret } from './api-keys.service.js';

const withSecret = ({ key, secret }: KeyWithSecret, now: Date) => ({ ...presentApiKey(key, now), secret });

export function apiKeyRoutes(apiKeys: ApiKeys): RouteBinding[] {
  const contract = routes.apiKeys;
  return [
    write(contract.createApiKey, async ({ tx, caller, body }) => withSecret(await apiKeys.create(tx, caller, body), tx.now)),
    read(contract.listApiKeys, async ({ query }) => {
      const now = new Date();
      return presentPage(await apiKeys.list(query), (key) => presentApiKey(key, now));
    }),
    write(contract.rotateApiKey, async ({ tx, params, body }) =>
      withSecret(await apiKeys.rotate(tx, params.id, body.overlapSeconds), tx.now),
    ),
    write(contract.revokeApiKey, ({ tx, params }) => apiKeys.revoke(tx, params.id)),
  ];
}
