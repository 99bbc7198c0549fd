import { createServer } from 'node:http';
import { createApi, type Api, type ApiDeps } from '@tidings/api';
import { closeServer, listen, loadConfig, type Mongo } from '@tidings/platform';
import { createHttp, createTestStore, type Http } from '@tidings/testing';
import { randomBytes } from 'node:crypto';

export interface Person {
  id: string;
  email: string;
  token: string;
  refreshToken: string;
  http: Http;
}

export interface TestApi {
  api: Api;
  mongo: Mongo;
  url: string;
  /** Not logged in. */
  http: Http;
  as(token: string): Http;
  register(fields?: Record<string, unknown>): Promise<Person>;
  logIn(email: string, fields?: Record<string, unknown>): Promise<Person>;
  admin(): Promise<Person>;
  /** The committed events of this user's feed, in order. */
  eventsOf(userId: string): Promise<{ type: string; data: Record<string, unknown>; actor: string | null }[]>;
  stop(): Promise<void>;
}

export const password = 'correct horse battery';
export const adminEmail = 'root@example.com';

/** The API alone, over HTTP, on a database of its own. */
export async function startApi(
  options: { env?: Record<string, string>; modules?: NonNullable<ApiDeps['modules']> } = {},
): Promise<TestApi> {
  const { mongo, redisUrl, prefix, logger, close } = await createTestStore();
  const config = loadConfig({
    NODE_ENV: 'test',
    MONGODB_URL: 'mongodb://given.by.the.store',
    REDIS_URL: redisUrl,
    REDIS_PREFIX: prefix,
    JWT_SECRET: 'a secret for tests only',
    ADMIN_EMAIL: adminEmail,
    ADMIN_PASSWORD: password,
    HTTP_REQUESTS_PER_MINUTE: '100000',
    LOGIN_ATTEMPTS_PER_MINUTE: '100000',
    HEAVY_REQUESTS_PER_MINUTE: '100000',
    ...options.env,
  });
  const api = createApi({ config, mongo, logger, ...(options.modules ? { modules: options.modules } : {}) });
  await api.start();
  const server = createServer(api.app);
  // A test that is busy for 5 s would send its next request into a connection that was closed as idle meanwhile.
  server.keepAliveTimeout = 120_000;
  const url = `http://127.0.0.1:${await listen(server, 0, '127.0.0.1')}`;
  const http = createHttp(url);
  const as = (token: string) => createHttp(url, token);

  const enter = async (path: string, body: object): Promise<Person> => {
    const answer = await http.post<{ user: { id: string; email: string }; accessToken: string; refreshToken: string }>(path, body);
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    const { user, accessToken, refreshToken } = answer.body;
    return { id: user.id, email: user.email, token: accessToken, refreshToken, http: as(accessToken) };
  };

  return {
    api,
    mongo,
    url,
    http,
    as,
    register: (fields = {}) =>
      enter('/api/auth/register', { name: 'Asha', email: `asha.${randomBytes(6).toString('hex')}@example.com`, password, ...fields }),
    logIn: (email, fields = {}) => enter('/api/auth/login', { email, password, ...fields }),
    admin: () => enter('/api/auth/login', { email: adminEmail, password }),
    async eventsOf(userId) {
      const found = await mongo.db
        .collection('outbox')
        .find({ feeds: `user:${userId}` })
        .sort({ at: 1, _id: 1 })
        .toArray();
      return found.map(({ type, data, actor }) => ({
        type: String(type),
        data: data as Record<string, unknown>,
        actor: actor as string | null,
      }));
    },
    async stop() {
      api.drain();
      await closeServer(server);
      await api.stop();
      await close();
    },
  };
}
