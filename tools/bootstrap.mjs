import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from './options.mjs';
import { SetupError } from './servers/errors.mjs';

/** What `npm start` and `npm test` share before anything is installed or compiled: only Node's own modules here. */

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The own servers' data, and the secrets that nobody set: in this folder, unless TIDINGS_DATA names another. */
export const dataDir = resolve(process.env['TIDINGS_DATA'] || join(root, '.tidings'));

const NODE = { major: 20, minor: 19 };

/** @param {string} version such as `20.19.0` */
export function assertNodeVersion(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > NODE.major || (major === NODE.major && minor >= NODE.minor)) return;
  throw new SetupError(
    `Tidings needs Node ${NODE.major}.${NODE.minor} or later, and this is ${version}. Install Node 22 from https://nodejs.org and try again.`,
  );
}

/**
 * Whether what is installed is what the lockfile names. Not by the files' times: a checkout changes those.
 * @param {Record<string, { version?: string, link?: boolean, optional?: boolean, devOptional?: boolean }>} locked
 * @param {Record<string, { version?: string }>} installed
 */
export function isInstalled(locked, installed) {
  return Object.entries(locked).every(
    ([path, { version, link, optional, devOptional }]) =>
      // Optional ones may be for another platform; a link is a workspace, and has no version.
      optional || devOptional || !path.includes('node_modules/') || (link ? path in installed : installed[path]?.version === version),
  );
}

/** Installs the locked packages when they are missing or others. @param {(line: string) => void} log */
export async function ensurePackages(log) {
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const written = join(root, 'node_modules', '.package-lock.json'); // npm writes it last
  if (existsSync(written) && isInstalled(locked.packages, JSON.parse(readFileSync(written, 'utf8')).packages)) return;
  log('Installing packages');
  const { code, output } = await capture('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  if (code !== 0) throw new SetupError(`The packages could not be installed (npm ci):\n${output.trim()}`);
}

/**
 * Runs one of the project's tools, found as npm would find it.
 * @param {string} command
 * @param {string[]} args
 * @param {{ inherit?: boolean, env?: NodeJS.ProcessEnv }} [options] `inherit` shows its output as it comes
 * @returns {Promise<{ code: number, output: string }>}
 */
export function capture(command, args, { inherit = false, env = {} } = {}) {
  const path = `${join(root, 'node_modules', '.bin')}:${process.env['PATH'] ?? ''}`;
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env, PATH: path },
      stdio: inherit ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => resolve({ code: 1, output: `${output}${error.message}` }));
    child.on('close', (code, signal) => resolve({ code: code ?? 1, output: signal ? `${output}\nended by ${signal}` : output }));
  });
}

/**
 * @param {number} port
 * @param {string} [command] what to start again with another port
 * @returns {Promise<void>}
 * @throws SetupError when somebody listens there already
 */
export function assertPortFree(port, command = 'npm start') {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      const reason = error.code === 'EADDRINUSE' ? 'is in use by another program' : `cannot be opened (${error.code})`;
      reject(new SetupError(`Port ${port} ${reason}. Choose another one: PORT=${port + 1} ${command}`));
    });
    server.listen(port, () => server.close(() => resolve()));
  });
}

/** The port to serve on. @param {NodeJS.ProcessEnv} env @throws SetupError */
export function portFrom(env = process.env) {
  const text = env['PORT'] || '8000';
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new SetupError(`PORT=${text} is not a port: it is a whole number from 1 to 65535.`);
}

/**
 * Runs a command's main function: what the person can solve ends it with one message and exit code 1, without a stack; what they mistyped,
 * with one line and exit code 2.
 * @param {() => Promise<void>} main
 */
export async function runMain(main) {
  try {
    await main();
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 2;
      return;
    }
    process.stderr.write(`\n${error instanceof SetupError ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  }
}
