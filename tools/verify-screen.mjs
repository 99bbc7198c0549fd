// `npm run verify-screen -- <file>`: whether an export of a past screen is consistent in itself. See docs/history.md.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { assertNodeVersion, capture, ensurePackages, runMain } from './bootstrap.mjs';
import { readCommandLine } from './options.mjs';
import { reasonOf, SetupError } from './servers/errors.mjs';

/** @param {string} line */
const log = (line) => void process.stdout.write(`${line}\n`);

await runMain(async () => {
  const { file = '' } = readCommandLine({
    usage: 'npm run verify-screen',
    about: 'Folds an exported screen again and says whether its entries prove it. See docs/history.md.',
    file: 'file',
  });
  assertNodeVersion();
  await ensurePackages(log);
  const build = await capture('tsc', ['-b']);
  if (build.code !== 0) throw new SetupError(`The build failed:\n${build.output.trim()}`);
  const { verifyScreenExport } = await import('@tidings/feed');
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Infinity });
  const { problems, digest, entries } = await verifyScreenExport(lines).catch((error) => {
    throw new SetupError(`${file} cannot be verified. ${reasonOf(error)}`);
  });
  log(`${entries} entries, digest ${digest}`);
  for (const problem of problems) log(`  - ${problem}`);
  log(
    problems.length === 0
      ? 'Consistent: nothing is missing or changed, and the entries make this screen. The audit log (user.screen.exported) tells whether it left the server so.'
      : 'Not consistent',
  );
  process.exitCode = problems.length === 0 ? 0 : 1;
});
