import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { provideNginx, startMongo, startRedis } from '../../../tools/servers/index.mjs';
import { holdFestival } from './festival.js';
import { createProgress } from './progress.js';
import { describeFestival } from './report.js';

/** What `npm run simulate:festival` has checked. */
const { values } = parseArgs({
  options: {
    guests: { type: 'string', default: '200' },
    vendors: { type: 'string', default: '10' },
    admins: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000_000)) },
  },
});
const options = {
  guests: Number(values.guests),
  vendors: Number(values.vendors),
  admins: Number(values.admins),
  seconds: Number(values.seconds),
  seed: Number(values.seed),
};

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  say(`${options.guests} guests, ${options.vendors} vendors, ${options.admins} admins for ${options.seconds} s, seed ${options.seed}`);
  const dataDir = mkdtempSync(join(tmpdir(), 'tidings-festival-'));
  const nginxPath = await provideNginx({ log: say });
  const mongo = await startMongo({ dataDir: join(dataDir, 'mongo') });
  const redis = await startRedis({ dataDir: join(dataDir, 'redis') });
  const progress = createProgress(process.stdout);
  try {
    const report = await holdFestival({ ...options, mongodbUrl: mongo.url, redisUrl: redis.url, nginxPath, onProgress: progress.show });
    progress.end();
    for (const line of describeFestival(report)) say(line);
    return report.faults.length === 0 ? 0 : 1;
  } finally {
    await Promise.all([mongo.stop(), redis.stop()]);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
