import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { provideNginx, startMongo, startRedis } from '../../../tools/servers/index.mjs';
import { holdFestival } from './festival.js';
import { createProgress } from './progress.js';
import { describeFestival } from './report.js';

const usage = 'Usage: npm run simulate:festival -- [--guests 200] [--vendors 10] [--admins 4] [--seconds 60] [--seed 7]';

/** @throws Error for an option that there is not */
const given = () =>
  parseArgs({
    options: {
      guests: { type: 'string', default: '200' },
      vendors: { type: 'string', default: '10' },
      admins: { type: 'string', default: '4' },
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000_000)) },
    },
  }).values;

/** So that a slip of the finger does not fill the machine. */
const most = { guests: 2_000, vendors: 100, admins: 50, seconds: 3_600, seed: 1_000_000_000 } as const;

function flags(): Record<keyof typeof most, number> {
  const values = given();
  const whole = (name: keyof typeof most): number => {
    const number = Number(values[name]);
    if (!Number.isInteger(number) || number < (name === 'seed' ? 0 : 1) || number > most[name])
      throw new Error(`--${name} ${values[name]}: a whole number up to ${most[name]} is needed`);
    return number;
  };
  return {
    guests: whole('guests'),
    vendors: whole('vendors'),
    admins: whole('admins'),
    seconds: whole('seconds'),
    seed: whole('seed'),
  };
}

/** What a person mistyped is said without a stack. */
function flagsOrUsage(): ReturnType<typeof flags> {
  try {
    return flags();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    process.exit(1);
  }
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const options = flagsOrUsage();
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
