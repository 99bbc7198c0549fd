import { describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { environmentNames, loadConfig } from '@tidings/platform';
import { parse } from 'yaml';

const root = join(__dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Service {
  environment?: Record<string, string | number>;
  env_file?: string;
  ports?: string[];
  networks: string[] | Record<string, { ipv4_address?: string }>;
  volumes?: string[];
  command?: string[];
  healthcheck?: object;
  stop_grace_period?: string;
  depends_on?: Record<string, object>;
  deploy: { resources: { limits: { memory: string; cpus: string } } };
}

const compose = parse(read('docker-compose.prod.yml'), { merge: true }) as {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean } | null>;
  volumes: Record<string, null>;
};
const ours = Object.entries(compose.services).filter(([, { environment }]) => environment?.['SERVICE']);
const addresses = (list: unknown): string[] =>
  String(list)
    .split(',')
    .map((one) => one.replace(/^.*=/, ''));

describe('docker-compose.prod.yml', () => {
  test('runs every service, gateways and api at least twice', () => {
    expect(ours.map(([name, { environment }]) => [name, environment!['SERVICE']])).toEqual([
      ['api-1', 'api'],
      ['api-2', 'api'],
      ['event-relay', 'event-relay'],
      ['gateway-1', 'socket-gateway'],
      ['gateway-2', 'socket-gateway'],
      ['notification-worker', 'notification-worker'],
    ]);
    for (const [, { environment }] of ours)
      expect(existsSync(join(root, 'services', String(environment!['SERVICE']), 'src/main.ts'))).toBe(true);
  });

  test('gives each service a configuration that starts', () => {
    for (const [, { environment }] of ours) {
      const { SERVICE: _, ...variables } = environment!;
      expect(environmentNames).toEqual(expect.arrayContaining(Object.keys(variables)));
      const text = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, String(value)]));
      expect(loadConfig({ ...text, JWT_SECRET: 'sixteen characters' })).toMatchObject({ NODE_ENV: 'production', SANDBOX_PAYMENTS: false });
    }
  });

  test('tells nginx of exactly the replicas that run', () => {
    const { API_SERVERS, GATEWAYS } = compose.services['nginx']!.environment!;
    expect(addresses(API_SERVERS)).toEqual(['api-1:8000', 'api-2:8000']);
    const ids = ours.flatMap(([name, { environment }]) =>
      environment!['GATEWAY_ID'] ? [`${environment!['GATEWAY_ID']}=${name}:8000`] : [],
    );
    expect(String(GATEWAYS).split(',')).toEqual(ids);
    for (const name of [...addresses(API_SERVERS), ...addresses(GATEWAYS)].map((address) => address.split(':')[0]!)) {
      expect(compose.services[name]?.networks).toMatchObject({ inner: { ipv4_address: expect.any(String) } });
    }
  });

  test('publishes nginx alone, and never its inner port', () => {
    const published = Object.entries(compose.services).flatMap(([name, { ports }]) => (ports ? [[name, ports]] : []));
    expect(published).toEqual([['nginx', ['80:80', '443:443']]]);
    for (const name of ['mongodb', 'redis']) expect(compose.services[name]!.networks).toEqual(['data']);
    expect(compose.networks['data']).toEqual({ internal: true });
  });

  test('limits and checks everything, and waits for what it needs', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      expect([name, service.deploy.resources.limits]).toEqual([name, { cpus: expect.any(String), memory: expect.any(String) }]);
      if (!service.env_file) expect([name, service.healthcheck]).toEqual([name, expect.any(Object)]);
      for (const needed of Object.keys(service.depends_on ?? {})) expect(Object.keys(compose.services)).toContain(needed);
    }
    expect(read('deploy/Dockerfile')).toMatch(/^HEALTHCHECK /m);
  });

  test('keeps secrets out, and services from the time of a kill', () => {
    for (const [, service] of ours) {
      expect(service).toMatchObject({ env_file: '.env', stop_grace_period: '20s' });
      expect(Object.keys(service.environment!).filter((name) => /SECRET|PASSWORD|KEY/.test(name))).toEqual([]);
    }
    expect(read('.gitignore')).toMatch(/^\.env$/m);
    expect(read('.dockerignore')).toMatch(/^\.env$/m);
  });

  test('keeps the oplog longer than the outbox', () => {
    const { command } = compose.services['mongodb']!;
    const hours = Number(command!.find((flag) => flag.startsWith('--oplogMinRetentionHours='))?.split('=')[1]);
    const config = loadConfig({ MONGODB_URL: 'mongodb://x', REDIS_URL: 'redis://x', JWT_SECRET: 'sixteen characters' });
    expect(hours).toBeGreaterThan(config.OUTBOX_RETENTION_HOURS);
  });

  test('mounts files that exist, and a script that may be run', () => {
    const files = compose.services['nginx']!.volumes!.map((volume) => volume.split(':')[0]!).filter((path) => path.startsWith('./'));
    for (const path of files) expect(existsSync(join(root, path))).toBe(true);
    expect(statSync(join(root, 'nginx/render.sh')).mode & 0o111).not.toBe(0);
  });
});

test('the image builds and runs what exists, without root', () => {
  const dockerfile = read('deploy/Dockerfile');
  const folders = new Set([...dockerfile.matchAll(/services\/([a-z-]+)/g)].map((match) => match[1]!));
  expect(folders.size).toBe(4);
  for (const folder of folders) expect(existsSync(join(root, 'services', folder, 'package.json'))).toBe(true);
  expect(dockerfile.slice(dockerfile.lastIndexOf('FROM '))).toMatch(/^USER node$/m);
});
