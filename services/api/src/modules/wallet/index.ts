import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import { createLedger, type Ledger } from './ledger.js';
import { createSandboxJob, sandboxJobKind, sandboxProvider } from './providers/sandbox.js';
import { createStripeProvider, stripeWebhookSecret } from './providers/stripe.js';
import { createRollUps, type RollUps } from './roll-up.js';
import { createTopUps, type TopUps } from './top-ups.js';
import { walletModels } from './wallet.model.js';
import { walletRoutes } from './wallet.routes.js';
import { createWallet, type Wallet } from './wallet.service.js';

export { ledgerSums } from './ledger-sums.js';
export { stripeWebhookSecret } from './providers/stripe.js';
export type { Outcome, TopUps } from './top-ups.js';
export { announceBalance, announcePayment } from './wallet.events.js';
export type { OrderCharge, Wallet } from './wallet.service.js';

export interface WalletModule extends ApiModule {
  ledger: Ledger;
  wallet: Wallet;
  topUps: TopUps;
  rollUps: RollUps;
}

export function walletModule(context: Pick<Context, 'config' | 'mongo' | 'logger' | 'unitOfWork'>): WalletModule {
  const { config, mongo, logger, unitOfWork } = context;
  const models = walletModels(mongo);
  const ledger = createLedger(models);
  const defaultCurrency = config.DEFAULT_CURRENCY;
  const wallet = createWallet({ models, ledger, defaultCurrency });
  const secret = stripeWebhookSecret(config);
  const topUps = createTopUps({
    models,
    ledger,
    defaultCurrency,
    providers: {
      stripe: createStripeProvider({ apiKey: config.STRIPE_API_KEY, apiUrl: config.STRIPE_API_URL }),
      ...(config.SANDBOX_PAYMENTS ? { sandbox: sandboxProvider } : {}),
    },
  });
  const rollUps = createRollUps({ unitOfWork, ledger, logger });
  return {
    ledger,
    wallet,
    topUps,
    rollUps,
    routes: walletRoutes({ wallet, topUps }),
    jobs: secret ? { [sandboxJobKind]: createSandboxJob({ mongo, secret, apiUrl: config.API_URL ?? ownUrl(config) }) } : {},
    async start() {
      await ensureIndexes(models);
      rollUps.start();
    },
    stop: () => rollUps.stop(),
  };
}

/** Where this process listens, as it can be reached from here. */
function ownUrl({ HOST, PORT }: Pick<Context['config'], 'HOST' | 'PORT'>): string {
  const host = HOST === '0.0.0.0' || HOST === '::' ? '127.0.0.1' : HOST;
  return `http://${host.includes(':') ? `[${host}]` : host}:${PORT}`;
}
