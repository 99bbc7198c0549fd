import { scopes, type NewApiKey } from '@tidings/contracts';
import { expectStatus, type Account } from '@tidings/testing';

/** Good for everything that keys are good for. */
export const apiKeyBody = () => ({ name: 'The till', scopes: [...scopes], expiresAt: '2036-01-01T00:00:00.000Z' });

export async function apiKeyOf({ http }: Pick<Account, 'http'>): Promise<NewApiKey> {
  return (await expectStatus(201, http.post<NewApiKey>('/api/admin/api-keys', apiKeyBody()))).body;
}
