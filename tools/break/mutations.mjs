import { administrationMutations } from './mutations-administration.mjs';
import { apiKeyMutations } from './mutations-api-keys.mjs';
import { auditMutations } from './mutations-audit.mjs';
import { codeMutations } from './mutations-codes.mjs';
import { customerMutations } from './mutations-customers.mjs';
import { gatewayMutations } from './mutations-gateway.mjs';
import { historyMutations } from './mutations-history.mjs';
import { jobMutations } from './mutations-jobs.mjs';
import { loyaltyMutations } from './mutations-loyalty.mjs';
import { merchantSyncMutations } from './mutations-merchant-sync.mjs';
import { merchantMutations } from './mutations-merchants.mjs';
import { orderPointsMutations } from './mutations-order-points.mjs';
import { orderMutations } from './mutations-orders.mjs';
import { paymentMutations } from './mutations-payments.mjs';
import { planMutations } from './mutations-plans.mjs';
import { pointsMutations } from './mutations-points.mjs';
import { relayMutations } from './mutations-relay.mjs';
import { requestMutations } from './mutations-requests.mjs';
import { scanMutations } from './mutations-scans.mjs';
import { streamMutations } from './mutations-streams.mjs';
import { subscriptionMutations } from './mutations-subscriptions.mjs';
import { vendorMutations } from './mutations-vendors.mjs';
import { walletMutations } from './mutations-wallet.mjs';
import { webhookMutations } from './mutations-webhooks.mjs';

/**
 * The mechanisms behind the invariants of docs/architecture.md, each with the change that switches it off and the test that must see it.
 * Formatting does not matter to `search`, which must be found exactly once.
 * @typedef {object} Mutation
 * @property {string} name for `--only`
 * @property {string} mechanism
 * @property {number} invariant its number in the architecture
 * @property {{ file: string, search: string, replace: string }[]} edits
 * @property {string} testFile
 * @property {string} test the test's own name
 */

/** @type {Mutation[]} */
export const mutations = [
  ...relayMutations,
  ...gatewayMutations,
  ...streamMutations,
  ...jobMutations,
  ...requestMutations,
  ...walletMutations,
  ...administrationMutations,
  ...auditMutations,
  ...apiKeyMutations,
  ...historyMutations,
  ...webhookMutations,
  ...orderMutations,
  ...paymentMutations,
  ...vendorMutations,
  ...subscriptionMutations,
  ...merchantMutations,
  ...merchantSyncMutations,
  ...codeMutations,
  ...scanMutations,
  ...orderPointsMutations,
  ...loyaltyMutations,
  ...pointsMutations,
  ...planMutations,
  ...customerMutations,
];
