// Run after `npm install` has changed package-lock.json. A registry mirror that lacks the binaries of other platforms makes npm leave them out of the
// lockfile, and then `npm ci` refuses that file everywhere. This adds them: version and platform, without a hash, which npm does not
// demand. With --check it only says what is missing.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './bootstrap.mjs';

const systems = ['darwin', 'win32', 'linux', 'android', 'freebsd', 'openbsd', 'netbsd', 'sunos', 'aix', 'openharmony'];
const processors = {
  x64: 'x64',
  arm64: 'arm64',
  arm: 'arm',
  armv7: 'arm',
  ia32: 'ia32',
  ppc64: 'ppc64',
  s390x: 's390x',
  riscv64: 'riscv64',
  loong64: 'loong64',
};
// Longest first: `arm` is the start of `arm64`.
const processorNames = Object.keys(processors).toSorted((a, b) => b.length - a.length);

/** What a platform package's name says of where it runs: `@swc/core-win32-x64-msvc`. @param {string} name */
function platformOf(name) {
  const words = name.split(/[-/_.]/);
  const os = systems.filter((system) => words.includes(system));
  const key = processorNames.find((processor) => words.some((word) => word.startsWith(processor)));
  const cpu = words.some((word) => word.startsWith('wasm'))
    ? 'wasm32'
    : words.includes('universal')
      ? undefined
      : key && processors[/** @type {keyof typeof processors} */ (key)];
  const libc = words.some((word) => word.startsWith('musl'))
    ? 'musl'
    : os.includes('linux') && words.some((word) => word.startsWith('gnu'))
      ? 'glibc'
      : undefined;
  return { ...(os.length ? { os } : {}), ...(cpu ? { cpu: [cpu] } : {}), ...(libc ? { libc: [libc] } : {}) };
}

const file = join(root, 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8'));
let added = 0;
for (const [folder, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    // npm looks for a package beside the one that needs it, then in each folder above.
    const parents = folder.split('/node_modules/').map((_, index, parts) => parts.slice(0, parts.length - index).join('/node_modules/'));
    if (lock.packages[`node_modules/${name}`] || parents.some((parent) => lock.packages[`${parent}/node_modules/${name}`])) continue;
    const platform = platformOf(name);
    if ((!platform.os && !platform.cpu) || !/^\d/.test(String(version))) {
      process.stderr.write(`${name}@${version}, wanted by ${folder}, is not in the lockfile and cannot be completed\n`);
      continue;
    }
    lock.packages[`node_modules/${name}`] = { version, ...(entry.dev ? { dev: true } : {}), optional: true, ...platform };
    added++;
    process.stdout.write(`${name}@${version} ${JSON.stringify(platform)}\n`);
  }
}
if (process.argv.includes('--check')) {
  if (added > 0) process.stdout.write('package-lock.json lacks these; run: node tools/complete-lock.mjs\n');
  process.exitCode = added > 0 ? 1 : 0;
} else {
  lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => a.localeCompare(b, 'en')));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  process.stdout.write(`${added} packages added\n`);
}
