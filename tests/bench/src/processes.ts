import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Reply } from './ipc.js';

/** A real process, and what the operating system says of it. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  /** CPU-seconds of all its threads so far, user and system, from `/proc/<pid>/stat` (in steps of 10 ms). */
  cpu(): number;
  /** Asks it by IPC; see `serveRequests`. */
  request<Result = void>(name: string, argument?: unknown): Promise<Result>;
  stop(): Promise<void>;
  /** As `kill -9` does. */
  kill(): Promise<void>;
}

export interface ChildOptions {
  name: string;
  /** A compiled file, from this folder. */
  file: string;
  env?: Readonly<Record<string, string>>;
  /** A compiled file of this package that is loaded into the process before its own. */
  preload?: string;
  flags?: readonly string[];
}

/** Linux counts a process's CPU time in these, whatever the kernel's own tick is. */
const ticksPerSecond = 100;
const compiled = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const running = new Set<Child>();
let profileFolder: string | undefined;

function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The second field is the command in brackets, which may hold blanks; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** A process that somebody else has started, when it runs on this machine. */
export function foreign(name: string, pid: number): Pick<Child, 'name' | 'cpu'>[] {
  const command = `/proc/${pid}/comm`;
  const isHere = existsSync(command) && readFileSync(command, 'utf8').trim() === name;
  return isHere ? [{ name, cpu: () => cpuSeconds(pid) }] : [];
}

/** From now on each process of the product writes a CPU profile into `folder` when it stops. */
export function profileInto(folder: string): void {
  profileFolder = folder;
}

export function startChild({ name, file, env = {}, preload, flags = [] }: ChildOptions): Child {
  const profile =
    profileFolder && file.includes('services/')
      ? ['--cpu-prof', '--cpu-prof-dir', profileFolder, '--cpu-prof-name', `${name}.${Date.now()}.cpuprofile`]
      : [];
  const process_ = spawn(
    process.execPath,
    [...flags, ...profile, ...(preload ? ['--import', new URL(preload, import.meta.url).href] : []), compiled(file)],
    {
      env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...env },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    },
  );
  const { pid } = process_;
  if (pid === undefined) throw new Error(`${name} could not be started`);
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (reason: Error) => void }>();
  let requests = 0;
  let stopping = false;
  process_.on('message', ({ id, result, error }: Reply) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asked?.resolve(result as never);
    else asked?.reject(new Error(`${name}: ${error}`));
  });
  const exited = once(process_, 'exit').then(([code, signal]) => {
    running.delete(child);
    for (const { reject } of waiting.values()) reject(new Error(`${name} has ended`));
    if (!stopping) process.stderr.write(`${name} ended by itself (${String(code ?? signal)})\n`);
  });
  const child: Child = {
    name,
    pid,
    cpu: () => cpuSeconds(pid),
    request: (request, argument) =>
      new Promise((resolve, reject) => {
        const id = ++requests;
        waiting.set(id, { resolve, reject });
        process_.send({ id, name: request, argument });
      }),
    async kill() {
      stopping = true;
      process_.kill('SIGKILL');
      await exited;
    },
    async stop() {
      stopping = true;
      process_.kill('SIGTERM');
      const late = setTimeout(() => process_.kill('SIGKILL'), 20_000);
      await exited;
      clearTimeout(late);
    },
  };
  running.add(child);
  return child;
}

/** Ends what a failed row has left behind. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((child) => child.stop()));
}

/** CPU-seconds that some processes use while `work` runs. */
export async function cpuOf(children: readonly Pick<Child, 'cpu'>[], work: () => Promise<unknown>): Promise<number[]> {
  const before = children.map((child) => child.cpu());
  await work();
  return children.map((child, index) => child.cpu() - before[index]!);
}
