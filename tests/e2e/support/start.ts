import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@tidings/testing';

/** `npm start` as a process of its own, without npm in between. */
export interface Start {
  output(): string;
  says(text: string | RegExp): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Its exit code. */
  ended: Promise<number | null>;
  /** Ids of processes that it, or what it started, has left. */
  left(): number[];
}

export interface Starts {
  dataDir: string;
  run(env?: Record<string, string | undefined>): Start;
  /** Ends whatever is left, so that a test that fails leaves nothing either. */
  stop(): void;
}

/** Names the processes of one start: their children inherit it. */
const markName = 'TIDINGS_TEST_MARK';

/** All with a data folder of their own, apart from a product that runs in this folder. */
export function createStarts(): Starts {
  const dataDir = mkdtempSync(join(tmpdir(), 'tidings-start-'));
  const all: Start[] = [];
  return {
    dataDir,
    run(env = {}) {
      const mark = randomBytes(8).toString('hex');
      const child = spawn(process.execPath, ['tools/start.mjs'], {
        env: { ...process.env, NODE_ENV: 'development', TIDINGS_DATA: dataDir, LOG_LEVEL: 'info', ...env, [markName]: mark },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
      const start: Start = {
        output: () => output,
        says: async (text) => {
          await waitFor(
            `"${String(text)}" of a start`,
            () => {
              if (typeof text === 'string' ? output.includes(text) : text.test(output)) return true;
              if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode} and did not say ${String(text)}:\n${output}`);
              return false;
            },
            60_000,
          );
        },
        signal: (signal) => void child.kill(signal),
        ended: once(child, 'close').then(([code]) => code as number | null),
        left: () => marked(mark),
      };
      all.push(start);
      return start;
    },
    stop() {
      for (const pid of all.flatMap((start) => start.left())) kill(pid);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has ended meanwhile
  }
}

function marked(mark: string): number[] {
  const needle = `${markName}=${mark}`;
  if (existsSync('/proc/self/environ')) {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && environmentOf(name).includes(needle))
      .map(Number);
  }
  const { stdout } = spawnSync('ps', ['-Aww', '-E', '-o', 'pid=,command='], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .filter((line) => line.includes(needle))
    .map((line) => Number.parseInt(line, 10));
}

/** Empty for one that has ended, and for those of others. */
function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}
