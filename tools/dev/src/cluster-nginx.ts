import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startProcess, type RunningProcess } from './cluster-process.js';

const nginxFolder = fileURLToPath(new URL('../../../nginx/', import.meta.url));
const run = promisify(execFile);

export interface NginxOptions {
  nginxPath: string;
  /** Receives the configuration, logs and temporary files. */
  folder: string;
  port: number;
  /** Where the gateways reach the api replicas. */
  internalPort: number;
  /** `host:port` */
  api: readonly string[];
  /** `host:port` by gateway id */
  gateways: Readonly<Record<string, string>>;
  /** Variables of nginx/render.sh beside these. */
  env?: Readonly<Record<string, string>>;
}

export interface Nginx extends RunningProcess {
  accessLogFile: string;
}

/** Writes production's configuration with these addresses. @returns its path @throws Error with what render.sh or `nginx -t` says */
export async function writeNginxConfig({ nginxPath, folder, port, internalPort, api, gateways, env = {} }: NginxOptions): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'nginx.conf');
  await run('/bin/sh', [join(nginxFolder, 'render.sh'), join(nginxFolder, 'nginx.conf'), file], {
    env: {
      PATH: process.env['PATH'],
      // From one machine, all clients share few addresses.
      NGINX_REQUESTS_PER_SECOND: '100000',
      NGINX_POLLS_PER_SECOND: '100000',
      NGINX_CONNECTIONS_PER_ADDRESS: '60000',
      NGINX_WORKERS: '1',
      ...env,
      API_SERVERS: api.join(','),
      GATEWAYS: Object.entries(gateways)
        .map(([id, address]) => `${id}=${address}`)
        .join(','),
      NGINX_LISTEN: `127.0.0.1:${port}`,
      NGINX_INTERNAL_LISTEN: `127.0.0.1:${internalPort}`,
      NGINX_USER: process.getuid?.() === 0 ? userInfo().username : '',
      NGINX_STATE_DIR: folder,
      NGINX_ACCESS_LOG: accessLog(folder),
    },
  });
  await run(nginxPath, ['-t', '-q', '-p', folder, '-e', 'stderr', '-c', file]);
  return file;
}

/** Starts nginx in the foreground, as a child. @throws Error with its log */
export async function startNginx(options: NginxOptions): Promise<Nginx> {
  const file = await writeNginxConfig(options);
  const server = await startProcess({
    name: 'nginx',
    command: options.nginxPath,
    args: ['-p', options.folder, '-e', 'stderr', '-c', file, '-g', 'daemon off;'],
    env: { PATH: process.env['PATH'] ?? '' },
    cwd: options.folder,
    port: options.port,
    logFile: join(options.folder, 'nginx.log'),
    readyUrl: `http://127.0.0.1:${options.port}/healthz`,
  });
  return Object.assign(server, { accessLogFile: accessLog(options.folder) });
}

const accessLog = (folder: string): string => join(folder, 'access.log');
