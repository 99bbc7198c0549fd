import { startNewEpoch } from '@tidings/feed';
import { connectMongo, loadConfig, runMain } from '@tidings/platform';

// For an operator, after the database was restored from a backup: what clients hold cursors of may no longer exist.
runMain(async () => {
  const { MONGODB_URL } = loadConfig();
  const mongo = await connectMongo(MONGODB_URL);
  const epoch = await startNewEpoch(mongo);
  await mongo.close();
  process.stdout.write(`Epoch ${epoch} has begun. Clients get feed-reset within seconds, fetch their state anew and go on.\n`);
});
