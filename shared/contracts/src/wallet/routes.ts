import { listOf } from '../common.js';
import { defineRoute } from '../route.js';
import { topUpBody, topUpSchema, walletQuery, walletSchema, walletTransactionSchema, walletTransactionsQuery } from './schemas.js';

const tag = 'wallet';

export const walletRoutes = {
  get: defineRoute({
    name: 'getWallet',
    method: 'get',
    path: '/api/wallet',
    summary: 'The balance of the caller, in the default currency unless one is asked for',
    tag,
    access: 'user',
    query: walletQuery,
    status: 200,
    response: walletSchema,
  }),
  listTransactions: defineRoute({
    name: 'listWalletTransactions',
    method: 'get',
    path: '/api/wallet/transactions',
    summary: 'What changed the balance, newest first',
    tag,
    access: 'user',
    query: walletTransactionsQuery,
    status: 200,
    response: listOf(walletTransactionSchema),
  }),
  topUp: defineRoute({
    name: 'createTopUp',
    method: 'post',
    path: '/api/wallet/top-ups',
    summary: 'Start a top-up; the balance grows when the provider confirms the payment',
    tag,
    access: 'user',
    body: topUpBody,
    status: 201,
    response: topUpSchema,
    errors: ['currency-mismatch', 'provider-unavailable', 'provider-error'],
    write: true,
  }),
};
