import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Where binaries that an earlier run provided are kept, for every checkout of the user. */
export function cacheFolder(env = process.env) {
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'tidings');
}

/** Distributions put servers into sbin, which an ordinary user's PATH often lacks. */
const ALSO = ['/usr/local/bin', '/usr/local/sbin', '/usr/bin', '/usr/sbin', '/opt/homebrew/bin'];

/**
 * @param {string} name
 * @param {{ path?: string | undefined, also?: string[] }} [options]
 * @returns {string | undefined} the full path of an executable file
 */
export function findOnPath(name, { path = process.env['PATH'], also = ALSO } = {}) {
  for (const folder of [...(path ?? '').split(delimiter), ...also]) {
    if (folder && isExecutable(join(folder, name))) return join(folder, name);
  }
  return undefined;
}

/** @param {string} file */
export function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
