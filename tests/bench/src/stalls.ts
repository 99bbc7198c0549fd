import { createHttp, createStall, type Account, type Stall } from '@tidings/testing';
import type { Rig, Service } from './rig.js';

const password = 'correct horse battery';

/** Merchants with an owner and an item for 100, made by the public API. */
export async function openStalls(rig: Rig, api: Service, count: number): Promise<Stall[]> {
  const http = createHttp(api.url);
  const enter = async (path: string, body: object): Promise<Account> => {
    const answer = await http.post<{ user: { id: string; email: string; name: string }; accessToken: string; refreshToken: string }>(
      path,
      body,
    );
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    const { user, accessToken, refreshToken } = answer.body;
    return { ...user, token: accessToken, refreshToken, http: createHttp(api.url, accessToken) };
  };
  let names = 0;
  const world = {
    admin: () => enter('/api/auth/login', { email: rig.admin.email, password: rig.admin.password }),
    signUp: (name: string) => enter('/api/auth/register', { name, email: `owner${++names}@example.com`, password }),
  };
  const stalls: Stall[] = [];
  for (let index = 0; index < count; index++) stalls.push(await createStall(world, { price: 100 }));
  return stalls;
}
