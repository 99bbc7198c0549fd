import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {{ pid: number, startedAt: string, port?: number, mongodbUrl?: string }} Owner `startedAt` tells a process from a later one with the
 *   same id; `mongodbUrl`: of its own MongoDB, once that runs
 */

const fileOf = (/** @type {string} */ dataDir) => join(dataDir, 'running.json');

/**
 * The process that uses a data folder now.
 * @param {string} dataDir
 * @returns {Owner | undefined}
 */
export function ownerOf(dataDir) {
  try {
    const owner = /** @type {Owner} */ (JSON.parse(readFileSync(fileOf(dataDir), 'utf8')));
    return isRunning(owner) ? owner : undefined;
  } catch {
    return undefined; // no file, or one that was cut off by a crash
  }
}

/**
 * Takes a data folder for this process.
 * @param {string} dataDir
 * @param {{ port?: number | undefined }} [details]
 * @returns {{ taken: true, tell(more: { mongodbUrl: string }): void, release(): void } | { taken: false, owner: Owner }} `tell`: what others may want
 *   to know of it
 */
export function takeFolder(dataDir, { port } = {}) {
  mkdirSync(dataDir, { recursive: true });
  const own = { pid: process.pid, startedAt: startTime(process.pid), port };
  for (;;) {
    try {
      writeFileSync(fileOf(dataDir), JSON.stringify(own), { flag: 'wx' });
      return {
        taken: true,
        tell: (more) => writeFileSync(fileOf(dataDir), JSON.stringify({ ...own, ...more })),
        release: () => rmSync(fileOf(dataDir), { force: true }),
      };
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
      const owner = ownerOf(dataDir);
      if (owner) return { taken: false, owner };
      rmSync(fileOf(dataDir), { force: true }); // left by a process that was killed
    }
  }
}

/** @param {Owner} owner */
function isRunning({ pid, startedAt }) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EPERM') return false;
  }
  return startTime(pid) === startedAt;
}

/** In ticks since boot, where /proc tells; elsewhere the id alone has to do. @param {number} pid */
function startTime(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
