import { parseArgs } from 'node:util';
import { chainPlace, verdictLines, verifyAuditLog } from '@tidings/feed';
import { connectMongo, loadConfig, runMain } from '@tidings/platform';

/** `npm run audit:verify` where there is no npm, as in the image; see docs/administration.md. */
runMain(async () => {
  const { head } = parseArgs({ options: { head: { type: 'string' } } }).values;
  const known = head === undefined ? undefined : chainPlace(head);
  if (head !== undefined && !known) throw new Error('--head must be a place as this command prints it: seq:hash');
  const mongo = await connectMongo(loadConfig().MONGODB_URL);
  const verdict = await verifyAuditLog(mongo, known);
  await mongo.close();
  for (const line of verdictLines(verdict)) process.stdout.write(`${line}\n`);
  process.exitCode = verdict.problems.length === 0 ? 0 : 1;
});
