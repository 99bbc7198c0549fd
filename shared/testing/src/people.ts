import { randomBytes } from 'node:crypto';
import { createHttp, type Http } from './http.js';

export interface Account {
  id: string;
  email: string;
  name: string;
  token: string;
  refreshToken: string;
  http: Http;
}

export const password = 'correct horse battery';

/** Accounts as the public API makes them. */
export interface People {
  signUp(name: string): Promise<Account>;
  logIn(email: string, password: string, deviceId?: string): Promise<Account>;
  admin(): Promise<Account>;
}

export function createPeople(apiUrl: string, admin: { email: string; password: string }): People {
  const guest = createHttp(apiUrl);
  const enter = async (path: string, body: object): Promise<Account> => {
    const answer = await guest.post<{ user: { id: string; email: string; name: string }; accessToken: string; refreshToken: string }>(
      path,
      body,
    );
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    const { user, accessToken, refreshToken } = answer.body;
    return { ...user, token: accessToken, refreshToken, http: createHttp(apiUrl, accessToken) };
  };
  const logIn: People['logIn'] = (email, secret, deviceId) =>
    enter('/api/auth/login', { email, password: secret, ...(deviceId ? { deviceId } : {}) });
  return {
    signUp: (name) =>
      enter('/api/auth/register', {
        name,
        email: `${name.toLowerCase().replace(/\W/g, '')}.${randomBytes(4).toString('hex')}@example.com`,
        password,
      }),
    logIn,
    admin: () => logIn(admin.email, admin.password),
  };
}
