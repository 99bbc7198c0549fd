import { feeds, routes } from '@tidings/contracts';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import { presentDispute, type Disputes } from './disputes.js';
import type { TopUps } from './top-ups.js';
import { presentTopUp, presentTransaction, presentWallet } from './wallet.presenter.js';
import { presentUnmatched, type UnmatchedPayments } from './unmatched.js';
import type { Wallet } from './wallet.service.js';

export function walletRoutes({
  wallet,
  topUps,
  unmatched,
  disputes,
}: {
  wallet: Wallet;
  topUps: TopUps;
  unmatched: UnmatchedPayments;
  disputes: Disputes;
}): RouteBinding[] {
  const ownFeed = ({ caller }: { caller: { userId: string } }) => [feeds.user(caller.userId)];
  return [
    read(routes.wallet.get, async ({ caller, query }) => presentWallet(await wallet.balance(caller.userId, query.currency)), {
      feeds: ownFeed,
    }),
    read(
      routes.wallet.listTransactions,
      async ({ caller, query }) => presentPage(await wallet.history(caller.userId, query), presentTransaction),
      { feeds: ownFeed },
    ),
    write(routes.wallet.topUp, {
      prepare: ({ caller, body }) => topUps.prepare(caller.userId, body),
      handle: async ({ tx, prepared }) => presentTopUp(await topUps.store(tx, prepared)),
    }),
    read(routes.wallet.listUnmatchedPayments, async ({ query }) => presentPage(await unmatched.list(query), presentUnmatched)),
    write(routes.wallet.assignUnmatchedPayment, async ({ tx, caller, params, body }) =>
      presentUnmatched(await unmatched.assign(tx, caller, params.id, body.userId)),
    ),
    read(routes.wallet.listDisputes, async ({ query }) => presentPage(await disputes.list(query), presentDispute), {
      feeds: () => [feeds.admin],
    }),
  ];
}
