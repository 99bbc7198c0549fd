import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allRoutes } from '@tidings/contracts';
import { startNginx, writeNginxConfig, type Nginx, type NginxOptions } from '@tidings/dev';
import { closeServer, listen } from '@tidings/platform';
import { waitFor } from '@tidings/testing';
import { freePort, provideNginx } from '../../tools/servers/index.mjs';
import { selfSignedCertificate } from './support/certificate.js';

/** A server behind nginx that writes down what it gets. */
interface Upstream {
  name: string;
  server: Server;
  address: string;
  got: IncomingMessage[];
}

let folder: string;
let nginx: Nginx;
let options: NginxOptions;
let upstreams: Record<'api1' | 'api2' | 'g1' | 'g2', Upstream>;
let behave: RequestListener | undefined;

const url = (path: string): string => `http://127.0.0.1:${nginx.port}${path}`;
const seen = (): Record<string, number> =>
  Object.fromEntries(Object.values(upstreams).flatMap(({ name, got }) => (got.length > 0 ? [[name, got.length]] : [])));
const lastOf = (...names: (keyof typeof upstreams)[]): IncomingMessage => names.flatMap((name) => upstreams[name].got).at(-1)!;

async function startUpstream(name: string): Promise<Upstream> {
  const got: IncomingMessage[] = [];
  const server = createServer((req, res) => {
    got.push(req);
    req.resume();
    if (behave) behave(req, res);
    else res.writeHead(200, { 'content-type': 'text/plain', 'x-frame-options': 'SAMEORIGIN' }).end(name);
  });
  return { name, server, got, address: `127.0.0.1:${await listen(server, 0, '127.0.0.1')}` };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tidings-nginx-test-'));
  upstreams = {
    api1: await startUpstream('api1'),
    api2: await startUpstream('api2'),
    g1: await startUpstream('g1'),
    g2: await startUpstream('g2'),
  };
  options = {
    nginxPath: await provideNginx(),
    folder,
    port: await freePort(),
    internalPort: await freePort(),
    api: [upstreams.api1.address, upstreams.api2.address],
    gateways: { g1: upstreams.g1.address, g2: upstreams.g2.address, gone: `127.0.0.1:${await freePort()}` },
  };
  nginx = await startNginx(options);
});

afterAll(async () => {
  await nginx.stop();
  await Promise.all(Object.values(upstreams).map(({ server }) => closeServer(server)));
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  behave = undefined;
  for (const { got } of Object.values(upstreams)) got.length = 0;
});

describe('each path goes where it belongs', () => {
  test.each(['/api/wallet', '/api/plans', '/api/feedsomething', '/webhooks/stripe', '/health', '/'])(
    '%s to an api replica',
    async (path) => {
      expect(await (await fetch(url(path))).text()).toMatch(/^api/);
    },
  );

  test.each(['/api/feeds/stream?feeds=plans', '/api/feeds/poll', '/api/plans/subscribe', '/api/plans/subscribers', '/socket.io/?EIO=4'])(
    '%s to a gateway',
    async (path) => {
      expect(await (await fetch(url(path))).text()).toMatch(/^g/);
    },
  );

  test('what the gateway serves to a gateway, and all other routes to the api', async () => {
    const outside = allRoutes.filter(({ path }) => /^\/(api|webhooks)\//.test(path));
    const answers = await Promise.all(
      outside.map(async ({ method, path, at }) => {
        const answer = await fetch(url(path.replace(/:\w+/g, 'x')), { method: method.toUpperCase() });
        return { method, path, wrong: !(await answer.text()).startsWith(at === 'gateway' ? 'g' : 'api') };
      }),
    );
    expect(answers.filter(({ wrong }) => wrong)).toEqual([]);
  });

  test('a polling session to the gateway that its sid names', async () => {
    for (let round = 0; round < 5; round++) {
      for (const id of ['g1', 'g2'])
        expect(await (await fetch(url(`/socket.io/?EIO=4&transport=polling&sid=${id}_q-W_7`), { method: 'POST', body: '2' })).text()).toBe(
          id,
        );
    }
  });

  test('a session whose gateway is gone, or that names none of ours, to another one', async () => {
    for (const sid of ['gone_abc', 'g3_abc', 'api', '../etc']) {
      expect(await (await fetch(url(`/socket.io/?sid=${sid}`), { method: 'POST', body: '2' })).text()).toMatch(/^g/);
    }
  });

  test.each(['/metrics', '//metrics', '/%6detrics', '/readyz'])('%s to nobody', async (path) => {
    const answer = await fetch(url(path));
    expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
    expect(seen()).toEqual({});
  });
});

describe('what a server is told', () => {
  test('the address of the client itself, whatever the client says', async () => {
    for (const path of ['/api/me', '/socket.io/', '/api/feeds/poll']) {
      await fetch(url(path), {
        headers: { 'x-forwarded-for': '9.9.9.9', forwarded: 'for=9.9.9.9', 'x-forwarded-proto': 'https', 'x-real-ip': '9.9.9.9' },
      });
      const { headers } = lastOf('api1', 'api2', 'g1', 'g2');
      expect(headers).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http', host: `127.0.0.1:${nginx.port}` });
      expect(headers).not.toHaveProperty('forwarded');
    }
  });

  test('the address that a trusted balancer names', async () => {
    const balanced = await startNginx({
      ...options,
      folder: join(folder, 'balanced'),
      port: await freePort(),
      internalPort: await freePort(),
      env: { NGINX_TRUSTED_PROXIES: '127.0.0.1,10.0.0.0/8' },
    });
    try {
      const answer = await fetch(`http://127.0.0.1:${balanced.port}/api/me`, {
        headers: { 'x-forwarded-for': '6.6.6.6, 203.0.113.7, 10.1.1.1', 'x-forwarded-proto': 'https' },
      });
      expect(lastOf('api1', 'api2').headers).toMatchObject({ 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' });
      expect(answer.headers.get('strict-transport-security')).toMatch(/max-age/);
    } finally {
      await balanced.stop();
    }
  });

  test('by a gateway, for whom it asks', async () => {
    await fetch(`http://127.0.0.1:${options.internalPort}/api/orders`, { headers: { 'x-forwarded-for': '203.0.113.9' } });
    expect(lastOf('api1', 'api2').headers).toMatchObject({ 'x-forwarded-for': '203.0.113.9' });
  });
});

describe('a server that fails', () => {
  test('is not sent a second time what it may have done', async () => {
    behave = (req) => req.socket.destroy();
    for (const method of ['POST', 'PATCH']) {
      const answer = await fetch(url('/api/orders'), { method, body: '{}' });
      expect([answer.status, answer.headers.get('retry-after'), await answer.json()]).toEqual([
        503,
        '1',
        expect.objectContaining({ code: 'unavailable' }),
      ]);
    }
    expect(upstreams.api1.got.length + upstreams.api2.got.length).toBe(2);
  });

  test('is replaced by another one for what may happen twice', async () => {
    let first = true;
    behave = (req, res) => {
      if (!first) return void res.end('second');
      first = false;
      req.socket.destroy();
    };
    expect(await (await fetch(url('/api/orders'))).text()).toBe('second');
  });

  test('by draining, sends a new session to another gateway', async () => {
    let first = true;
    behave = (_req, res) => {
      res.writeHead(first ? 503 : 200).end();
      first = false;
    };
    expect((await fetch(url('/socket.io/?EIO=4&transport=polling'))).status).toBe(200);
  });
});

test('a websocket is handed through', async () => {
  upstreams.g2.server.once('upgrade', (req, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    socket.end(`hello ${String(req.headers['x-forwarded-for'])}`);
  });
  const text = await new Promise<string>((resolve, reject) => {
    const asked = request(url('/socket.io/?EIO=4&transport=websocket&sid=g2_x'), {
      headers: { connection: 'Upgrade', upgrade: 'websocket' },
    });
    asked.on('error', reject).on('upgrade', (_res, socket, head) => {
      let got = head.toString();
      socket.on('data', (chunk: Buffer) => (got += chunk.toString())).on('end', () => resolve(got));
    });
    asked.end();
  });
  expect(text).toBe('hello 127.0.0.1');
});

describe('limits', () => {
  test('a body that is too large is a problem', async () => {
    const answer = await fetch(url('/api/orders'), { method: 'POST', body: 'x'.repeat(1_100_000) });
    expect([answer.status, await answer.json()]).toEqual([413, expect.objectContaining({ code: 'payload-too-large' })]);
    expect(seen()).toEqual({});
  });

  test('a flood is a problem, and polling has room of its own', async () => {
    const tight = await startNginx({
      ...options,
      folder: join(folder, 'tight'),
      port: await freePort(),
      internalPort: await freePort(),
      env: { NGINX_REQUESTS_PER_SECOND: '1' },
    });
    try {
      const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`http://127.0.0.1:${tight.port}/api/me`)));
      const refused = answers.find(({ status }) => status === 429)!;
      expect([refused.headers.get('retry-after'), await refused.json()]).toEqual(['1', expect.objectContaining({ code: 'rate-limited' })]);
      const polls = await Promise.all(Array.from({ length: 20 }, () => fetch(`http://127.0.0.1:${tight.port}/socket.io/`)));
      expect(polls.map(({ status }) => status)).toEqual(polls.map(() => 200));
    } finally {
      await tight.stop();
    }
  });
});

test('every answer carries the security headers once', async () => {
  for (const path of ['/api/me', '/metrics']) {
    const { headers } = await fetch(url(path));
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    });
    expect(headers.has('strict-transport-security')).toBe(false);
  }
});

test('no log holds a credential', async () => {
  behave = (req) => req.socket.destroy();
  const secrets = [
    'token=s3cret',
    'feeds=plans&ticket=s3cret&cursors=1',
    'Ticket=s3cret',
    'access_token=s3cret',
    '%74oken=s3cret',
    'EIO=4&sid=g1_s3cret',
    'token=a&token=s3cret',
  ];
  for (const secret of secrets) await fetch(url(`/api/feeds/stream?${secret}`));
  await fetch(url('/api/orders?limit=7'));
  const log = await waitFor('the access log', () => {
    const text = readFileSync(nginx.accessLogFile, 'utf8');
    return text.includes('limit=7') ? text : undefined;
  });
  expect(log).toContain('"uri":"/api/feeds/stream?feeds=plans&ticket=[masked]"');
  expect(log + nginx.log(1_000)).not.toContain('s3cret');
  for (const line of log.trim().split('\n')) expect(() => void JSON.parse(line)).not.toThrow();
});

describe('the configuration', () => {
  test('is good with TLS', async () => {
    const { certificateFile, keyFile } = selfSignedCertificate(folder);
    const env = { NGINX_CERTIFICATE: certificateFile, NGINX_CERTIFICATE_KEY: keyFile, NGINX_SERVER_NAMES: 'tidings.example' };
    const file = await writeNginxConfig({ ...options, folder: join(folder, 'tls'), port: await freePort(), env });
    expect(readFileSync(file, 'utf8')).toMatch(/ssl http2 default_server.*\n\s+server_name tidings\.example;/);
  });

  test.each([
    [{ gateways: {} }, /GATEWAYS is required/],
    [{ gateways: { 'g-1': 'localhost:1' } }, /ids are letters and digits/],
    [{ api: ['nowhere'] }, /nowhere is not host:port/],
    [{ env: { NGINX_SERVER_NAMES: 'x; include /etc/passwd' } }, /may not contain/],
    [{ env: { NGINX_POLLS_PER_SECOND: 'many' } }, /NGINX_POLLS_PER_SECOND must be a whole number/],
  ])('is refused with its reason: %j', async (wrong, reason) => {
    await expect(writeNginxConfig({ ...options, folder: join(folder, 'wrong'), ...wrong })).rejects.toThrow(reason);
  });
});
