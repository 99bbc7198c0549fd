// `npm run audit:verify`: whether the audit log is whole. See docs/administration.md.
import { assertNodeVersion, capture, dataDir, ensurePackages, runMain } from './bootstrap.mjs';
import { readCommandLine, UsageError } from './options.mjs';
import { SetupError } from './servers/errors.mjs';
import { ownerOf } from './servers/lock.mjs';

/** @param {string} line */
const log = (line) => void process.stdout.write(`${line}\n`);

await runMain(async () => {
  const { values } = readCommandLine({
    usage: 'npm run audit:verify',
    about:
      'Walks the chain of the audit log and says what was changed, removed, put in or moved, of the database that MONGODB_URL names or of the ' +
      'installation in this folder, whether it runs or not. See docs/administration.md.',
    options: { head: { value: 'seq:hash', help: 'a head that an earlier run printed: finds what was cut off since' } },
  });
  assertNodeVersion();
  await ensurePackages(log);
  const build = await capture('tsc', ['-b']);
  if (build.code !== 0) throw new SetupError(`The build failed:\n${build.output.trim()}`);
  const { chainPlace, verdictLines, verifyAuditLog } = await import('@tidings/feed');
  const { connectMongo } = await import('@tidings/platform');
  const head = values['head'];
  const known = typeof head === 'string' ? chainPlace(head) : undefined;
  if (head !== undefined && !known) throw new UsageError('--head: a place as this command prints it is needed, seq:hash');

  const { provideServers } = await import('./servers/index.mjs');
  const running = process.env['MONGODB_URL'] ? undefined : ownerOf(dataDir)?.mongodbUrl;
  const servers = running ? { mongodbUrl: running, stop: async () => {} } : await provideServers({ dataDir, redis: false });
  try {
    const mongo = await connectMongo(servers.mongodbUrl);
    const verdict = await verifyAuditLog(mongo, known);
    await mongo.close();
    for (const line of verdictLines(verdict)) log(line);
    process.exitCode = verdict.problems.length === 0 ? 0 : 1;
  } finally {
    await servers.stop();
  }
});
