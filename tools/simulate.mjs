// `npm run simulate:festival`: a festival of real clients, and at its end the judgement.
import { join } from 'node:path';
import { assertNodeVersion, capture, ensurePackages, root, runMain } from './bootstrap.mjs';
import { readCommandLine } from './options.mjs';
import { SetupError } from './servers/errors.mjs';

await runMain(async () => {
  // The limits are there so that a slip of the finger does not fill the machine.
  readCommandLine({
    usage: 'npm run simulate:festival',
    about: 'Holds a festival of real socket clients through two gateways, and judges at its end. See docs/simulation.md.',
    options: {
      guests: { value: 'n', whole: [1, 2_000], help: 'customers (200)' },
      vendors: { value: 'n', whole: [1, 100], help: 'stalls (10)' },
      admins: { value: 'n', whole: [1, 50], help: 'administrators (4)' },
      seconds: { value: 'n', whole: [1, 3_600], help: 'how long it goes on (60)' },
      seed: { value: 'n', whole: [0, 1_000_000_000], help: 'who does what' },
    },
  });
  assertNodeVersion();
  await ensurePackages((line) => void process.stdout.write(`${line}\n`));
  const build = await capture('tsc', ['-b']);
  if (build.code !== 0) throw new SetupError(`The build failed:\n${build.output.trim()}`);
  const { code } = await capture(process.execPath, [join(root, 'tests/simulation/dist/main.js'), ...process.argv.slice(2)], {
    inherit: true,
  });
  process.exitCode = code;
});
