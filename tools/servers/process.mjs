import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/**
 * @typedef {object} ServerProcess a data server of ours; its port and data survive `restart`
 * @property {string} name
 * @property {number} port
 * @property {number | undefined} pid of the process that runs now
 * @property {(signal?: NodeJS.Signals) => Promise<void>} kill sends the signal (SIGKILL unless told); for one that ends the process, resolves when it has ended
 * @property {() => Promise<void>} restart starts it again on the same port and data; resolves when it answers
 * @property {() => Promise<void>} stop SIGTERM, then SIGKILL after 10 s; may be called again
 */

const STOP_MS = 10_000;
const READY_MS = 30_000;
const PAUSES = new Set(['SIGSTOP', 'SIGCONT', 'SIGUSR1', 'SIGUSR2', 'SIGHUP']);

/**
 * Ends a child when this process is gone, however it went: its death closes the pipe that `cat` reads. $1 is the child.
 */
const WATCHDOG = `cat >/dev/null
kill -CONT "$1" 2>/dev/null; kill -TERM "$1" 2>/dev/null || exit 0
for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$1" 2>/dev/null || exit 0; sleep 1; done
kill -KILL "$1" 2>/dev/null`;

/**
 * @param {{ name: string, binary: string, args: string[], port: number, logFile: string, ready: () => Promise<boolean> }} options `ready` is asked until it
 * says true; it must not throw
 * @returns {Promise<ServerProcess>} after it answered
 * @throws Error with the end of its log when it exits or does not answer within 30 s
 */
export async function startProcess({ name, binary, args, port, logFile, ready }) {
  /** @type {import('node:child_process').ChildProcess} */
  let child;
  /** @type {Promise<unknown>} */
  let ended;
  let answered = false;
  let asked = false;

  async function start() {
    // Detached: Ctrl-C in a terminal goes to the whole foreground group, and the servers must outlive those who use them.
    child = spawn(binary, args, { detached: true, stdio: 'ignore' });
    const watched = child;
    let exited = false;
    answered = asked = false;
    watched.once('exit', (code, signal) => {
      // Whoever uses it only sees refused connections.
      if (answered && !asked) process.stderr.write(`${name} ended by itself (${signal ?? code})\n${endOf(logFile)}\n`);
    });
    ended = new Promise((resolve) => {
      watched.once('error', resolve);
      watched.once('exit', resolve);
    }).then(() => (exited = true));
    watched.unref();
    guard(watched);
    const deadline = Date.now() + READY_MS;
    for (;;) {
      const answers = await ready();
      // Looked at second: a stranger on the same port may have answered in our server's place.
      if (exited) throw new Error(`${name} ended at its start\n${endOf(logFile)}`);
      if (answers) return void (answered = true);
      if (Date.now() > deadline) {
        watched.kill('SIGKILL');
        throw new Error(`${name} does not answer after ${READY_MS / 1000} s\n${endOf(logFile)}`);
      }
      await pause(50);
    }
  }

  /** @param {NodeJS.Signals} signal */
  async function kill(signal = 'SIGKILL') {
    if (!PAUSES.has(signal)) asked = true;
    child.kill(signal);
    if (PAUSES.has(signal)) return;
    child.ref(); // keeps this process alive until the news comes
    await ended;
  }

  async function stop() {
    asked = true;
    child.ref();
    child.kill('SIGCONT'); // one that a test has paused could not end
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(late);
  }

  await start();
  return {
    name,
    port,
    get pid() {
      return child.exitCode === null && child.signalCode === null ? child.pid : undefined;
    },
    kill,
    async restart() {
      await stop();
      await start();
    },
    stop,
  };
}

/**
 * Makes sure that a child ends when this process does, even by SIGKILL. The child must be detached, so that it is not signalled by the terminal as well.
 * @param {import('node:child_process').ChildProcess} child
 */
export function guard(child) {
  if (child.pid === undefined) return;
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'sh', String(child.pid)], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  watchdog.on('error', () => child.kill()); // without its watchdog a child could be left behind
  watchdog.stdin.on('error', () => undefined); // it is gone already
  watchdog.unref();
  /** @type {import('node:net').Socket} */ (watchdog.stdin).unref();
  child.once('exit', () => watchdog.kill('SIGKILL'));
}

/** @param {number} ms */
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The last lines of a server's log, for an error message. @param {string} file */
function endOf(file) {
  try {
    return readFileSync(file, 'utf8').trim().split('\n').slice(-8).join('\n');
  } catch {
    return `(no log in ${file})`;
  }
}

/** A port on 127.0.0.1 that nobody listened to a moment ago. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Runs `start` on a free port, and on another one when somebody took it in between.
 * @template T
 * @param {number | undefined} port a fixed one is tried once
 * @param {(port: number) => Promise<T>} start
 * @returns {Promise<T>}
 */
export async function onFreePort(port, start) {
  if (port !== undefined) return start(port);
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (attempt === 3 || !/address already in use/i.test(String(error))) throw error;
    }
  }
}
