import { spawn, type ChildProcess } from 'node:child_process';
import { openSync, closeSync, readFileSync } from 'node:fs';
import { guard } from '../../servers/index.mjs';

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ProcessOptions {
  name: string;
  command: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  port: number;
  logFile: string;
  /** Answers 200 when it is ready. */
  readyUrl: string;
}

/** A real process of the cluster; a restart keeps its port and environment. */
export interface RunningProcess {
  readonly name: string;
  readonly port: number;
  /** Undefined when it has ended. */
  readonly pid: number | undefined;
  /** Of the run that goes on, or of the last one. */
  readonly exited: Promise<Exit>;
  /** Sends the signal (SIGKILL unless told). For one that ends the process, resolves when it has ended. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Ends it by SIGTERM when it runs, starts it again, and resolves when it is ready. */
  restart(): Promise<void>;
  /** SIGTERM, and SIGKILL after 20 s; may be called again. */
  stop(): Promise<void>;
  /** The last lines that it wrote. */
  log(lines?: number): string;
}

const readyMs = 60_000;
/** Past the 15 s after which a service ends itself. */
const stopMs = 20_000;
const goesOn: ReadonlySet<NodeJS.Signals> = new Set(['SIGSTOP', 'SIGCONT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']);

/** @throws Error with the end of its log, when it ends or is not ready within 60 s */
export async function startProcess({ name, command, args, env, cwd, port, logFile, readyUrl }: ProcessOptions): Promise<RunningProcess> {
  let child: ChildProcess;
  let exited: Promise<Exit>;
  const running = (): boolean => child.exitCode === null && child.signalCode === null && child.pid !== undefined;

  const log = (lines = 15): string => readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');

  const start = async (): Promise<void> => {
    const output = openSync(logFile, 'a');
    // Detached: Ctrl-C in a terminal goes to the whole foreground group, and the cluster stops its processes in order.
    child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', output, output] });
    closeSync(output);
    const started = child;
    exited = new Promise((resolve) => {
      started.once('error', () => resolve({ code: 127, signal: null }));
      started.once('exit', (code, signal) => resolve({ code, signal }));
    });
    guard(started);
    const deadline = Date.now() + readyMs;
    while (!(await isReady(readyUrl))) {
      if (!running()) throw new Error(`${name} ended at its start:\n${log()}`);
      if (Date.now() > deadline) {
        started.kill('SIGKILL');
        throw new Error(`${name} is not ready after ${readyMs / 1_000} s:\n${log()}`);
      }
      await pause(50);
    }
    // A stranger on the port may have answered in its place.
    if (!running()) throw new Error(`${name} ended at its start:\n${log()}`);
  };

  const stop = async (): Promise<void> => {
    if (!running()) return;
    child.kill('SIGCONT'); // one that is paused could not end
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), stopMs);
    await exited;
    clearTimeout(late);
  };

  await start();
  return {
    name,
    port,
    get pid() {
      return running() ? child.pid : undefined;
    },
    get exited() {
      return exited;
    },
    async kill(signal = 'SIGKILL') {
      child.kill(signal);
      if (!goesOn.has(signal)) await exited;
    },
    async restart() {
      await stop();
      await start();
    },
    stop,
    log,
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false; // nobody listens there yet
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
