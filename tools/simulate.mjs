// `npm run simulate:festival`: a festival of real clients, and at its end the judgement. Options: --guests, --vendors, --admins, --seconds, --seed.
import { join } from 'node:path';
import { assertNodeVersion, capture, ensurePackages, root, runMain } from './bootstrap.mjs';
import { SetupError } from './servers/errors.mjs';

await runMain(async () => {
  assertNodeVersion();
  await ensurePackages((line) => void process.stdout.write(`${line}\n`));
  const build = await capture('tsc', ['-b']);
  if (build.code !== 0) throw new SetupError(`The build failed:\n${build.output.trim()}`);
  const { code } = await capture(process.execPath, [join(root, 'tests/simulation/dist/main.js'), ...process.argv.slice(2)], {
    inherit: true,
  });
  process.exitCode = code;
});
