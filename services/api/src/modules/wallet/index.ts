import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import { createPeriodic } from '../../periodic.js';
import { createFourEyes } from '../identity/index.js';
import { createDebts, type Debts } from './debts.js';
import { createDisputes, type Disputes } from './disputes.js';
import { createFees, type Fees } from './fees.js';
import { createLedger, type Ledger } from './ledger.js';
import { createPendingRefunds, refundJobKind } from './pending-refunds.js';
import type { PaymentProvider } from './providers/provider.js';
import { createRazorpayProvider } from './providers/razorpay.js';
import { createSandboxJob, createSandboxProvider, sandboxJobKind } from './providers/sandbox.js';
import { sandboxModel } from './providers/sandbox.model.js';
import { createStripeProvider, stripeWebhookSecret } from './providers/stripe.js';
import { createZeffyProvider } from './providers/zeffy.js';
import { refundModels } from './refunds.model.js';
import { createRefunds, type Refunds } from './refunds.js';
import { announceSales, createRollUps, type RollUps } from './roll-up.js';
import { createTransactionFeed, type TransactionFeed } from './transaction-feed.js';
import { createTopUps, type TopUps } from './top-ups.js';
import { createUnmatched, type UnmatchedPayments } from './unmatched.js';
import { walletModels, type TopUpDocument } from './wallet.model.js';
import { walletRoutes } from './wallet.routes.js';
import { createWallet, type Wallet } from './wallet.service.js';

export type { Debts } from './debts.js';
export type { Fees } from './fees.js';
export type { DisputeMessage, Disputes } from './disputes.js';
export { ledgerSums, type Books, type LedgerSums } from './ledger-sums.js';
export type { Outcome, PaymentNames, Settled } from './payment-names.js';
export { createRounds, type Rounds } from './rounds.js';
export { accountId, createLedger, type AccountRef, type Ledger, type NewTransfer } from './ledger.js';
export type { ListedPayment, PaymentProvider } from './providers/provider.js';
export { isSignedByRazorpay, signRazorpay } from './providers/razorpay.js';
export { stripeWebhookSecret } from './providers/stripe.js';
export { presentRefund } from './refunds.presenter.js';
export type { RefundDocument } from './refunds.model.js';
export type { Refunds } from './refunds.js';
export type { FailedRefund, PreparedTopUp, TopUps } from './top-ups.js';
export { presentTopUp } from './wallet.presenter.js';
export type { UnmatchedPayments } from './unmatched.js';
export { bringUpToDate, createRollUps, type RollUps } from './roll-up.js';
export { presentMerchantBalance, presentWallet } from './wallet.presenter.js';
export {
  walletModels,
  type AccountDocument,
  type LedgerModels,
  type PostingDocument,
  type TopUpDocument,
  type TransferDocument,
  type WalletModels,
} from './wallet.model.js';
export { presentTransfer } from './transaction-feed.js';
export { announceBalance, announcePayment, type BalanceReason } from './wallet.events.js';
export type { Wallet } from './wallet.service.js';

export interface WalletModule extends ApiModule {
  ledger: Ledger;
  debts: Debts;
  wallet: Wallet;
  fees: Fees;
  topUps: TopUps;
  refunds: Refunds;
  rollUps: RollUps;
  disputes: Disputes;
  unmatched: UnmatchedPayments;
  transactionFeed: TransactionFeed;
  /** Those that are set up. */
  providers: PaymentProviders;
}

/** How often refunds are looked for whose job has ended without a word. */
const refundWatchMs = 600_000;

export type PaymentProviders = Partial<Record<TopUpDocument['provider'], PaymentProvider>>;

/** @param other providers in the place of the configured ones */
export function walletModule(
  context: Pick<Context, 'config' | 'mongo' | 'logger' | 'unitOfWork'>,
  other: PaymentProviders = {},
): WalletModule {
  const { config, mongo, logger, unitOfWork } = context;
  const models = { ...walletModels(mongo), ...refundModels(mongo) };
  const ledger = createLedger(models);
  const defaultCurrency = config.DEFAULT_CURRENCY;
  const debts = createDebts({ models, ledger });
  const wallet = createWallet({ models, ledger, debts, defaultCurrency });
  const secret = stripeWebhookSecret(config);
  const providers = { ...paymentProviders(context), ...other };
  const pending = createPendingRefunds(models, wallet);
  const topUps = createTopUps({ models, ledger, debts, defaultCurrency, pending, providers });
  const refunds = createRefunds({ mongo, models, unitOfWork, logger, pending, topUps, providers });
  const rollUps = createRollUps({ unitOfWork, ledger, logger, announce: announceSales(debts) });
  const disputes = createDisputes({ models, ledger, debts });
  const unmatched = createUnmatched({ mongo, models, topUps, fourEyes: createFourEyes(mongo) });
  const transactionFeed = createTransactionFeed({ models, unitOfWork, logger });
  const lostRefunds = createPeriodic({ kind: 'refund-watch', periodMs: refundWatchMs, mongo, unitOfWork, work: () => refunds.giveUp() });
  return {
    ledger,
    debts,
    wallet,
    fees: createFees({ models, ledger }),
    topUps,
    refunds,
    rollUps,
    disputes,
    unmatched,
    transactionFeed,
    providers,
    routes: walletRoutes({ wallet, topUps, unmatched, disputes }),
    jobs: {
      [refundJobKind]: refunds.process,
      [lostRefunds.kind]: lostRefunds.handler,
      ...(secret ? { [sandboxJobKind]: createSandboxJob({ mongo, secret, apiUrl: config.API_URL ?? ownUrl(config) }) } : {}),
    },
    async start() {
      await ensureIndexes({ ...models, sandboxPayments: sandboxModel(mongo) });
      await lostRefunds.start();
      rollUps.start();
      transactionFeed.start();
    },
    async stop() {
      await Promise.all([rollUps.stop(), transactionFeed.stop()]);
    },
  };
}

function paymentProviders({ config, mongo, unitOfWork }: Pick<Context, 'config' | 'mongo' | 'unitOfWork'>): PaymentProviders {
  const { RAZORPAY_KEY_ID: keyId, RAZORPAY_KEY_SECRET: keySecret, RAZORPAY_API_URL: apiUrl, ZEFFY_FORM_URL: formUrl } = config;
  const razorpay = keyId ?? config.RAZORPAY_WEBHOOK_SECRET;
  return {
    stripe: createStripeProvider({ apiKey: config.STRIPE_API_KEY, apiUrl: config.STRIPE_API_URL }),
    ...(razorpay ? { razorpay: createRazorpayProvider({ keyId, keySecret, apiUrl }) } : {}),
    ...(formUrl ? { zeffy: createZeffyProvider({ formUrl }) } : {}),
    ...(config.SANDBOX_PAYMENTS ? { sandbox: createSandboxProvider({ mongo, unitOfWork }) } : {}),
  };
}

/** Where this process listens, as it can be reached from here. */
function ownUrl({ HOST, PORT }: Pick<Context['config'], 'HOST' | 'PORT'>): string {
  const host = HOST === '0.0.0.0' || HOST === '::' ? '127.0.0.1' : HOST;
  return `http://${host.includes(':') ? `[${host}]` : host}:${PORT}`;
}
