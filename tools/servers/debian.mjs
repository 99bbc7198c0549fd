import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cacheFolder, findOnPath } from './paths.mjs';
import { run } from './run.mjs';

/** @typedef {import('./binaries.mjs').Log} Log */

const POLICY = '/usr/sbin/policy-rc.d';
const QUIET = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1', NEEDRESTART_MODE: 'l', LC_ALL: 'C' };

const isRoot = () => process.getuid?.() === 0;

/**
 * The distribution's package (Debian, Ubuntu): installed as root, else unpacked into the user's cache.
 * @param {string} name of the package
 * @param {string} file the binary inside it, without a leading slash
 * @param {Log} log
 * @param {string[]} failures reasons are added here
 * @returns {Promise<string | undefined>} the path of the binary
 */
export async function installedByDistribution(name, file, log, failures) {
  if (!findOnPath('apt-get')) {
    failures.push(`${name}: no apt-get on this system`);
    return undefined;
  }
  if (isRoot()) {
    if (await installAsRoot([name], log, failures))
      return findOnPath(basename(file), { also: [`/${file.slice(0, file.lastIndexOf('/'))}`] });
    return undefined;
  }
  return unpack(name, file, log, failures);
}

/**
 * `apt-get install`, without starting the services that the packages bring along.
 * @param {string[]} names
 * @param {Log} log
 * @param {string[]} failures
 */
export async function installAsRoot(names, log, failures) {
  log(`Installing ${names.join(', ')} with apt-get`);
  const env = { ...process.env, ...QUIET };
  // Debian asks this file before it starts a service; 101 forbids it. One that is there already is the system's own and stays.
  const ours = !existsSync(POLICY);
  if (ours) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const install = () => run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...names], { env, timeoutMs: 300_000 });
    let result = await install();
    if (!result.ok) {
      await run('apt-get', ['update', '-q'], { env, timeoutMs: 180_000 });
      result = await install();
    }
    if (!result.ok) failures.push(`apt-get install ${names.join(' ')}: ${lastError(result.output)}`);
    return result.ok;
  } finally {
    if (ours) rmSync(POLICY, { force: true });
  }
}

/**
 * Downloads a package and what it needs beyond the installed system, and unpacks them into the cache.
 * @param {string} name
 * @param {string} file
 * @param {Log} log
 * @param {string[]} failures
 */
async function unpack(name, file, log, failures) {
  log(`Downloading ${name} with apt-get into ${cacheFolder()}`);
  const root = join(cacheFolder(), name);
  const target = await fetchPackages([name], root, failures);
  if (!target) return undefined;
  return wrapper(join(root, file), [root]);
}

/**
 * @param {string[]} names
 * @param {string} root folder that receives the packages' files; replaced as a whole
 * @param {string[]} failures
 * @returns {Promise<boolean>}
 */
export async function fetchPackages(names, root, failures) {
  const lists = join(cacheFolder(), 'apt');
  const work = `${root}.${process.pid}`;
  for (const folder of [join(lists, 'lists', 'partial'), join(lists, 'cache', 'archives', 'partial'), join(work, 'debs')])
    mkdirSync(folder, { recursive: true });
  const own = ['-o', `Dir::State::lists=${join(lists, 'lists')}`, '-o', `Dir::Cache=${join(lists, 'cache')}`, '-o', 'Debug::NoLocking=1'];
  const env = { ...process.env, ...QUIET };
  try {
    // The system's lists may be absent or stale, and only root may refresh them: this run has its own.
    await run('apt-get', [...own, 'update', '-q'], { env, timeoutMs: 180_000 });
    const plan = await run('apt-get', [...own, 'install', '-s', '-q', '--no-install-recommends', ...names], { env });
    if (!plan.ok) {
      failures.push(`apt-get install -s ${names.join(' ')}: ${lastError(plan.output)}`);
      return false;
    }
    const needed = new Set([...names, ...plannedPackages(plan.stdout)]);
    const download = await run('apt-get', [...own, 'download', '-q', ...needed], { env, cwd: join(work, 'debs'), timeoutMs: 300_000 });
    if (!download.ok) {
      failures.push(`apt-get download ${[...needed].join(' ')}: ${lastError(download.output)}`);
      return false;
    }
    for (const deb of readdirSync(join(work, 'debs'))) {
      const result = await run('dpkg-deb', ['-x', join(work, 'debs', deb), join(work, 'root')], { env });
      if (!result.ok) {
        failures.push(`dpkg-deb -x ${deb}: ${lastError(result.output)}`);
        return false;
      }
    }
    rmSync(root, { recursive: true, force: true });
    renameSync(join(work, 'root'), root);
    return true;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The names in apt-get's simulation: `Inst libjemalloc2 (5.3.0-1 Debian:12 [amd64])`. @param {string} plan */
export function plannedPackages(plan) {
  return [...plan.matchAll(/^Inst (\S+)/gm)].map((match) => /** @type {string} */ (match[1]));
}

/**
 * A small script beside the cached binaries that runs one with the libraries unpacked for it.
 * @param {string} binary
 * @param {string[]} roots
 */
export function wrapper(binary, roots) {
  const folders = roots.flatMap((root) => ['usr/lib', 'lib'].flatMap((lib) => [join(root, lib), ...subfolders(join(root, lib))]));
  const script = join(cacheFolder(), 'bin', basename(binary));
  mkdirSync(join(cacheFolder(), 'bin'), { recursive: true });
  const libraries = folders.map(quoted).join(':');
  // `exec` keeps the process id, so that signals reach the server itself.
  writeFileSync(
    script,
    `#!/bin/sh\nexport LD_LIBRARY_PATH=${libraries}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}\nexec ${quoted(binary)} "$@"\n`,
  );
  chmodSync(script, 0o755);
  return script;
}

/** @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** @param {string} folder */
function subfolders(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.includes('linux-gnu'))
    .map((entry) => join(folder, entry.name));
}

/** @param {string} output */
export function lastError(output) {
  const lines = output.trim().split('\n');
  return (lines.findLast((line) => /^(E:|ERROR|error)/.test(line)) ?? lines.at(-1) ?? 'no output').trim();
}
