import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { installAsRoot, installedByDistribution, lastError } from './debian.mjs';
import { SetupError } from './errors.mjs';
import { cacheFolder, findOnPath } from './paths.mjs';
import { run } from './run.mjs';

/** @typedef {import('./binaries.mjs').Log} Log */

/** @param {string | undefined} file @param {string[]} failures */
async function usable(file, failures) {
  if (!file) return undefined;
  const { ok, output } = await run(file, [
    '-c',
    'import sys; sys.exit(f"is version {sys.version.split()[0]}" if sys.version_info < (3, 9) else 0)',
  ]);
  if (!ok) failures.push(`${file}: ${lastError(output)}, not 3.9 or later`);
  return ok ? file : undefined;
}

/** pip is a package of its own on Debian. @param {string} python @param {Log} log @param {string[]} failures */
async function pipReady(python, log, failures) {
  const hasPip = async () => (await run(python, ['-m', 'pip', '--version'])).ok;
  if (await hasPip()) return true;
  if (process.getuid?.() === 0 && findOnPath('apt-get') && (await installAsRoot(['python3-pip'], log, failures)) && (await hasPip()))
    return true;
  failures.push(`${python} has no pip`);
  return false;
}

/**
 * A Python of version 3.9 or later (from the PATH, else from the distribution) with packages of PyPI beside it: installed once into the user's
 * cache, by their hashes, and nowhere else.
 * @param {{ requirements: string, log?: Log }} options `requirements`: a file that pins each package with a hash
 * @returns {Promise<{ python: string, packages: string }>} `packages`: for PYTHONPATH
 * @throws SetupError with what to install
 */
export async function providePython({ requirements, log = () => {} }) {
  /** @type {string[]} */
  const failures = [];
  const python =
    (await usable(findOnPath('python3'), failures)) ??
    (await usable(await installedByDistribution('python3', 'usr/bin/python3', log, failures), failures));
  if (python) {
    const packages = await packagesFor(python, requirements, log, failures);
    if (packages) return { python, packages };
  }
  throw new SetupError(
    `Python with its packages could not be found or provided. Install Python 3.9 or later with pip, so that \`python3\` is on the PATH, and let pip reach PyPI or a mirror.\n` +
      `What was tried:\n${failures.map((line) => `  - ${line}`).join('\n')}`,
  );
}

/** @param {string} python @param {string} requirements @param {Log} log @param {string[]} failures @returns {Promise<string | undefined>} */
async function packagesFor(python, requirements, log, failures) {
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const target = join(cacheFolder(), `python-${digest}`);
  if (existsSync(target)) return target;
  if (!(await pipReady(python, log, failures))) return undefined;
  log('Downloading Python packages from PyPI (1 MB)');
  mkdirSync(cacheFolder(), { recursive: true });
  const work = mkdtempSync(`${target}.`);
  const quiet = ['-q', '--disable-pip-version-check', '--no-compile', '--no-warn-script-location'];
  const exact = ['--no-deps', '--require-hashes', '--only-binary', ':all:', '--target', work, '-r', requirements];
  const { ok, output } = await run(python, ['-m', 'pip', 'install', ...quiet, ...exact], { timeoutMs: 180_000 });
  if (ok && !existsSync(target)) renameSync(work, target);
  else rmSync(work, { recursive: true, force: true });
  if (!ok) failures.push(`pip install -r ${requirements}: ${lastError(output)}`);
  return ok ? target : undefined;
}
