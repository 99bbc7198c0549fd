// `npm run chaos`: kills, pauses and empties everything under load, and lets a recorder judge.
import { join } from 'node:path';
import { assertNodeVersion, capture, ensurePackages, root, runMain } from './bootstrap.mjs';
import { readCommandLine } from './options.mjs';
import { SetupError } from './servers/errors.mjs';

await runMain(async () => {
  readCommandLine({
    usage: 'npm run chaos',
    about: 'Kills and pauses real processes under load; a recorder apart from the product judges.',
    options: {
      times: { value: 'n', whole: [1, 10_000], help: 'how often each scenario is played (20)' },
      seed: { value: 'n', whole: [0, 1_000_000_000], help: 'of the first time; a failure names its own' },
      only: { value: 'scenario', many: true, help: 'this scenario alone' },
    },
  });
  assertNodeVersion();
  await ensurePackages((line) => void process.stdout.write(`${line}\n`));
  const build = await capture('tsc', ['-b']);
  if (build.code !== 0) throw new SetupError(`The build failed:\n${build.output.trim()}`);
  const { code } = await capture(process.execPath, [join(root, 'tests/chaos/dist/main.js'), ...process.argv.slice(2)], { inherit: true });
  process.exitCode = code;
});
