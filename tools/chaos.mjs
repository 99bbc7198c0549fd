// `npm run chaos`: kills, pauses and empties everything under load, and lets a recorder judge. Options: --times, --seed, --only.
import { join } from 'node:path';
import { assertNodeVersion, capture, ensurePackages, root, runMain } from './bootstrap.mjs';
import { SetupError } from './servers/errors.mjs';

await runMain(async () => {
  assertNodeVersion();
  await ensurePackages((line) => void process.stdout.write(`${line}\n`));
  const build = await capture('tsc', ['-b']);
  if (build.code !== 0) throw new SetupError(`The build failed:\n${build.output.trim()}`);
  const { code } = await capture(process.execPath, [join(root, 'tests/chaos/dist/main.js'), ...process.argv.slice(2)], { inherit: true });
  process.exitCode = code;
});
