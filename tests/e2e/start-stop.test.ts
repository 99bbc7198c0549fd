import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHttp, waitFor, type Http } from '@tidings/testing';
import { freePort } from '../../tools/servers/index.mjs';
import { pause } from '../../tools/servers/process.mjs';
import { createStarts, type Start, type Starts } from './support/start.js';

let starts: Starts;
let port: number;

beforeAll(async () => {
  starts = createStarts();
  port = await freePort();
});

afterAll(() => starts.stop());

/** Nothing outside of this machine answers, and no server is given: what is here has to do. */
const alone = {
  MONGODB_URL: undefined,
  REDIS_URL: undefined,
  npm_config_registry: 'http://127.0.0.1:1',
  npm_config_offline: 'true',
  HTTP_PROXY: 'http://127.0.0.1:1',
  HTTPS_PROXY: 'http://127.0.0.1:1',
  ALL_PROXY: 'http://127.0.0.1:1',
};

async function leavesNothing(start: Start): Promise<void> {
  await waitFor('every process of it to end', () => start.left().length === 0);
}

/** The status of whatever is answered first, asked for from before anybody listens. */
async function firstStatus(url: string): Promise<number> {
  for (;;) {
    try {
      return (await fetch(url)).status;
    } catch {
      await pause(20); // nobody listens yet
    }
  }
}

async function fails(env: Record<string, string | undefined>, ...words: (string | RegExp)[]): Promise<void> {
  const start = starts.run(env);
  expect(await start.ended).toBe(1);
  for (const word of words) expect(start.output()).toMatch(word);
  // Told to people: no stack of ours, and a short text.
  expect(start.output()).not.toMatch(/^\s+at .*:\d+:\d+/m);
  await leavesNothing(start);
}

describe('without a network, on data servers of its own', () => {
  let first: Start;

  test('starts, says so, and answers', async () => {
    first = starts.run({ ...alone, PORT: String(port) });
    const early = firstStatus(`http://127.0.0.1:${port}/api/docs`);
    await first.says(`Tidings runs at http://localhost:${port}`);
    expect([200, 503]).toContain(await early);
    for (const line of [
      /connected to MongoDB/i,
      /Socket\.IO initialized/,
      new RegExp(`listening to port ${port}`, 'i'),
      /WebSocket server ready/,
    ]) {
      expect(first.output()).toMatch(line);
    }
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
  });

  test('a second one in the same folder says that the first runs, and harms it not', async () => {
    await fails({ ...alone, PORT: String(port) }, 'already runs in this folder', String(port), 'Ctrl-C');
    await fails({ ...alone, PORT: String(await freePort()) }, 'already runs in this folder', String(port));
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
  });

  test('Ctrl-C stops it in order, with all that it started', async () => {
    expect(first.left().length).toBeGreaterThanOrEqual(4);
    first.signal('SIGINT');
    expect(await first.ended).toBe(0);
    await leavesNothing(first);
    expect(first.output()).toMatch(/stopping/i);
    expect(first.output()).not.toMatch(/"level":"?(error|fatal|50|60)/);
    await expect(fetch(`http://127.0.0.1:${port}/readyz`)).rejects.toThrow();
  });

  /** Starts it on what is there, lets the administrator do something, and stops it; its output. */
  async function administered(does: (admin: Http, output: string) => Promise<unknown>): Promise<string> {
    const start = starts.run({ ...alone, PORT: String(port) });
    await start.says('Stop with Ctrl-C');
    const url = `http://127.0.0.1:${port}`;
    const { body } = await createHttp(url).post<{ accessToken: string }>('/api/auth/login', {
      email: 'admin@tidings.example',
      password: 'tidings-demo',
    });
    await does(createHttp(url, body.accessToken), start.output());
    start.signal('SIGTERM');
    expect(await start.ended).toBe(0);
    return start.output();
  }
  const stallIn = (output: string) => /stall "(?<name>.*)", id (?<id>\w+)/.exec(output)?.groups;

  test('it starts again on the data that it left, whatever became of the people and the stall of the demo', async () => {
    const before = await administered(async (admin, output) => {
      const renamed = await admin.send('PUT', `/api/admin/merchants/${stallIn(output)!['id']}`, { name: 'Samosas & more' });
      expect(renamed.status).toBe(200);
    });
    const after = await administered(async (admin) => {
      const { body } = await admin.get<{ items: { id: string }[] }>('/api/admin/users?q=customer@');
      expect((await admin.patch(`/api/admin/users/${body.items[0]!.id}`, { status: 'suspended' })).status).toBe(200);
    });
    expect(stallIn(after)).toEqual({ ...stallIn(before), name: 'Samosas & more' });
    const without = await administered(() => Promise.resolve());
    expect(without).toMatch(/runs without the demo data\.\s+customer@tidings\.example cannot log in/);
  });

  test('killed outright, nothing stays behind', async () => {
    const again = starts.run({ ...alone, PORT: String(port) });
    await again.says('Tidings runs at');
    again.signal('SIGKILL');
    await again.ended;
    await leavesNothing(again);
  });

  test('Ctrl-C while it starts ends it too', async () => {
    const start = starts.run({ ...alone, PORT: String(port) });
    await start.says('MongoDB started');
    start.signal('SIGINT');
    expect(await start.ended).toBe(0);
    await leavesNothing(start);
  });
});

describe('what is wrong is said in words, and nothing stays behind', () => {
  test('a port that is taken', async () => {
    const other = createServer().listen(port);
    await fails({ PORT: String(port) }, `Port ${port} is in use`, `PORT=${port + 1} npm start`);
    other.close();
  });

  test.each(['abc', '0', '70000', '80.5', '-1'])('PORT=%s', async (value) => {
    await fails({ PORT: value }, `PORT=${value} is not a port`);
  });

  test('MONGODB_URL that points nowhere', async () => {
    await fails(
      { PORT: String(port), MONGODB_URL: 'mongodb://user:secret@127.0.0.1:1/tidings' },
      'MongoDB does not answer',
      'MONGODB_URL',
      '127.0.0.1:1',
      /^(?!.*secret)/s,
    );
  });

  test('MONGODB_URL that is no address', async () => {
    await fails({ PORT: String(port), MONGODB_URL: 'localhost:27017' }, 'MONGODB_URL');
  });

  test('REDIS_URL that points nowhere', async () => {
    await fails(
      { PORT: String(port), REDIS_URL: 'redis://:secret@127.0.0.1:1' },
      'Redis does not answer',
      'REDIS_URL',
      '127.0.0.1:1',
      /^(?!.*secret)/s,
    );
  });

  test('several bad values: all of them in one list', async () => {
    const env = { PORT: String(port), JWT_SECRET: 'short', ADMIN_PASSWORD: 'short', DEFAULT_CURRENCY: 'rupees', LOG_LEVEL: 'loud' };
    await fails(env, 'configuration is not valid', 'JWT_SECRET', 'ADMIN_PASSWORD', 'DEFAULT_CURRENCY', 'LOG_LEVEL', '.env.example');
  });
});
