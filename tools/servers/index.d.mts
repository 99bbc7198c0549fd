// Types of index.mjs for compiled packages (tests/chaos, tests/bench), which do not read JavaScript. The functions are described there.

import type { ChildProcess } from 'node:child_process';

type Log = (line: string) => void;

export interface ServerProcess {
  readonly name: string;
  readonly port: number;
  readonly pid: number | undefined;
  kill(signal?: NodeJS.Signals): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface ReplicaSet {
  url: string;
  members: ServerProcess[];
  primary(): Promise<ServerProcess>;
  stepDown(): Promise<void>;
  stop(): Promise<void>;
}

export class SetupError extends Error {}
export function provideServers(options: {
  dataDir: string;
  mongo?: boolean;
  redis?: boolean;
  persist?: boolean;
  port?: number | undefined;
  log?: Log;
}): Promise<{ mongodbUrl: string; redisUrl: string; stop(): Promise<void> }>;
export function provideNginx(options?: { log?: Log }): Promise<string>;
export function providePython(options: { requirements: string; log?: Log }): Promise<{ python: string; packages: string }>;
export function mongodBinary(options?: { log?: Log }): Promise<string>;
export function redisBinary(options?: { log?: Log }): Promise<string>;
export function startMongo(options: { dataDir: string; port?: number | undefined; members?: number; log?: Log }): Promise<ReplicaSet>;
export function startRedis(options: {
  dataDir: string;
  port?: number | undefined;
  persist?: boolean;
  log?: Log;
}): Promise<ServerProcess & { url: string }>;
export function givenRedisUrl(env?: NodeJS.ProcessEnv): string | undefined;
export function ownerOf(dataDir: string): { pid: number; startedAt: string; port?: number } | undefined;
export function freePort(): Promise<number>;
export function guard(child: ChildProcess): void;
