import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { waitFor } from '@tidings/testing';

export type ServiceName = 'api' | 'event-relay' | 'socket-gateway' | 'notification-worker';

/** One service in an operating-system process of its own, on a port that it keeps over restarts. */
export interface ServiceProcess {
  readonly name: ServiceName;
  readonly url: string;
  /** Resolves when `/readyz` says yes. */
  start(): Promise<void>;
  /** kill -9. The signal is sent before this returns; resolves when the process has ended. */
  kill(): Promise<void>;
  /** SIGSTOP: the process stands still, and its connections stay open. */
  pause(): void;
  resume(): void;
  /** SIGTERM, and SIGKILL when that takes longer than 10 s. */
  stop(): Promise<void>;
  /** The value of a metric without labels; undefined when the process does not answer. */
  metric(name: string): Promise<number | undefined>;
  /** What it last wrote to its error output. */
  complaints(): string;
}

const mainOf = (name: ServiceName): string => fileURLToPath(new URL(`../../../services/${name}/dist/main.js`, import.meta.url));

export function createServiceProcess(name: ServiceName, port: number, env: Readonly<Record<string, string>>): ServiceProcess {
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  let errors = '';
  const alive = (): boolean => child !== undefined && child.exitCode === null && child.signalCode === null;
  process.once('exit', () => child?.kill('SIGKILL'));

  return {
    name,
    url,
    async start() {
      const started = spawn(process.execPath, [mainOf(name)], {
        env: { ...env, PATH: process.env['PATH'], PORT: String(port), HOST: '127.0.0.1' },
        // With CHAOS_LOG_LEVEL the services tell what happens to them.
        stdio: ['ignore', process.env['CHAOS_LOG_LEVEL'] ? 'inherit' : 'ignore', 'pipe'],
      });
      child = started;
      started.stderr.on('data', (text: Buffer) => (errors = (errors + text.toString()).slice(-4_000)));
      await waitFor(`${name} to be ready`, async () => {
        if (!alive()) throw new Error(`${name} ended at its start: ${errors}`);
        return fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(
          ({ ok }) => ok,
          () => false,
        );
      });
    },
    async kill() {
      if (!child || !alive()) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async stop() {
      if (!child || !alive()) return;
      const stopping = child;
      const ended = once(stopping, 'exit');
      stopping.kill('SIGCONT');
      stopping.kill('SIGTERM');
      const late = setTimeout(() => stopping.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(late);
    },
    async metric(metric) {
      try {
        const text = await (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(1_000) })).text();
        const value = new RegExp(`^${metric} (\\S+)$`, 'm').exec(text)?.[1];
        return value === undefined ? undefined : Number(value);
      } catch {
        return undefined; // killed or standing still
      }
    },
    complaints: () => errors,
  };
}
