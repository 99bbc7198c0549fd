import { join } from 'node:path';
import { createLogger, loadConfig, onShutdown, runMain } from '@tidings/platform';
import { composeProduct } from './compose.js';
import { DemoDataError, demoLogins, demoPassword, ensureDemoData, type DemoWorld } from './demo-data.js';
import { devSecrets } from './dev-secrets.js';
import { removeProductFile, writeProductFile } from './product-file.js';

const adminEmail = 'admin@tidings.example';
/** Given by `npm start`. */
const dataDir = process.argv[2] ?? '.tidings';

runMain(async () => {
  const secrets = devSecrets(join(dataDir, 'secrets.json'));
  const config = loadConfig(undefined, { ADMIN_EMAIL: adminEmail, ADMIN_PASSWORD: demoPassword, ...secrets });
  const product = await composeProduct(config);
  onShutdown(createLogger({ name: 'tidings', level: config.LOG_LEVEL }), async () => {
    removeProductFile(dataDir);
    await product.stop();
  });
  const admin = { email: config.ADMIN_EMAIL!, password: config.ADMIN_PASSWORD! };
  const demo = await demoOf(product.url, admin);
  const productFile = {
    url: product.url,
    admin,
    env: {
      MONGODB_URL: config.MONGODB_URL,
      REDIS_URL: config.REDIS_URL,
      REDIS_PREFIX: config.REDIS_PREFIX,
      JWT_KEYS: config.jwtKeys.map(({ kid, secret }) => `${kid}:${secret}`).join(','),
      STRIPE_WEBHOOK_SECRET: config.STRIPE_WEBHOOK_SECRET!,
    },
  };
  writeProductFile(productFile, dataDir);

  process.stdout.write(`
  Tidings runs at ${product.url}

${demo instanceof DemoDataError ? without(demo) : guide(product.url, demo, admin.email)}

  Stop with Ctrl-C.

`);
});

/** What somebody did to the demo's people and stall is no reason not to run. */
async function demoOf(url: string, admin: { email: string; password: string }): Promise<DemoWorld | DemoDataError> {
  try {
    return await ensureDemoData(url, admin);
  } catch (error) {
    if (error instanceof DemoDataError) return error;
    throw error;
  }
}

const without = ({ message }: DemoDataError): string => `  It runs without the demo data.
    ${message}
    To have the demo again, remove ${dataDir} and start anew: that removes everything.`;

const guide = (url: string, { merchant, items }: DemoWorld, admin: string): string => `  Logins (password ${demoPassword}):
    customer  ${demoLogins.customer.email}
    vendor    ${demoLogins.vendor.email}   (stall "${merchant.name}", id ${merchant.id})
    admin     ${admin}

  What to try:
    npm run demo                          the whole story in another terminal
    ${url}/api/docs        every route, in the browser
    curl -s ${url}/api/auth/login -H 'content-type: application/json' \\
      -d '{"email":"${demoLogins.customer.email}","password":"${demoPassword}"}'
    docs/first-steps.md                   by hand, with curl
    The menu: ${items.map(({ name, id }) => `${name} ${id}`).join(', ')}`;
