// `npm run demo`: the story, played by stock clients against the product that runs in this folder.
import { join } from 'node:path';
import { capture, dataDir, ensurePackages, root, runMain } from './bootstrap.mjs';
import { readCommandLine } from './options.mjs';

await runMain(async () => {
  readCommandLine({
    usage: 'npm run demo',
    about: 'Plays the story with stock clients against the product that runs in this folder (npm start).',
  });
  await ensurePackages((line) => void process.stdout.write(`${line}\n`));
  const { code } = await capture(process.execPath, [join(root, 'tools/dev/dist/demo.js'), dataDir], { inherit: true });
  process.exitCode = code;
});
