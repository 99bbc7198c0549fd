import type { Tx, UnitOfWork } from '@tidings/feed';
import type { Logger } from '@tidings/platform';
import type { Debts } from './debts.js';
import { accountId, type AccountRef, type BalanceChange, type Ledger } from './ledger.js';
import { createRounds, type Rounds } from './rounds.js';
import { announceBalance } from './wallet.events.js';

/** Merchants see their balance follow within a second: a look twice as often leaves time for the work. */
const intervalMs = 400;
const atOnce = 8;

/** Tells a merchant of its sales. What it owes is paid with them, as soon as they are in its balance. */
export const announceSales =
  (debts: Pick<Debts, 'settle'>) =>
  async (tx: Tx, change: BalanceChange): Promise<void> => {
    announceBalance(tx, change, 'sales');
    const { account, amount } = change;
    if (account.kind !== 'merchant' || amount <= 0) return;
    const incoming = { key: `sales:${account._id}:${account.version}`, amount };
    for (const paid of await debts.settle(tx, account, incoming)) announceBalance(tx, paid, 'debt');
  };

/** Includes all that a merchant has earned, so that it can be spent; emits `balance-updated`. Before a merchant's account is debited. */
export async function bringUpToDate(
  tx: Tx,
  { ledger, debts }: { ledger: Pick<Ledger, 'rollUp'>; debts: Pick<Debts, 'settle'> },
  merchant: AccountRef,
): Promise<void> {
  const id = accountId(merchant);
  const announce = announceSales(debts);
  for (let rolled = await ledger.rollUp(tx, id); rolled; rolled = await ledger.rollUp(tx, id)) await announce(tx, rolled.change);
}

export interface RollUps extends Rounds {
  /** One round, for tests and shutdown: every account that has something waiting. */
  run(): Promise<void>;
}

/**
 * Brings shared accounts' balances up to date, apart from the payments. Each replica does it: two that meet on one account conflict, and the
 * second finds nothing left to do.
 */
export function createRollUps(options: {
  unitOfWork: UnitOfWork;
  ledger: Pick<Ledger, 'rollUp' | 'waiting'>;
  logger: Logger;
  /** Tells of what came in. */
  announce: (tx: Tx, change: BalanceChange) => Promise<void> | void;
}): RollUps {
  const { unitOfWork, ledger, logger, announce } = options;
  const rollUp = async (account: string): Promise<void> => {
    try {
      await unitOfWork.run({ actor: null }, async (tx) => {
        const rolled = await ledger.rollUp(tx, account);
        if (rolled) await announce(tx, rolled.change);
      });
    } catch (error) {
      logger.warn({ account, reason: String(error) }, 'An account was not rolled up; the next round tries again');
    }
  };

  const run = async (): Promise<void> => {
    const accounts = await ledger.waiting();
    // A few at a time: payments need the connections more.
    for (let from = 0; from < accounts.length; from += atOnce) await Promise.all(accounts.slice(from, from + atOnce).map(rollUp));
  };

  return { run, ...createRounds(run, { intervalMs, what: 'rolling up accounts', logger }) };
}
