import type { Tx, UnitOfWork } from '@tidings/feed';
import type { Logger } from '@tidings/platform';
import { accountId, type AccountRef, type BalanceChange, type Ledger } from './ledger.js';
import { createRounds, type Rounds } from './rounds.js';
import { announceBalance } from './wallet.events.js';

/** Merchants see their balance follow within a second: a look twice as often leaves time for the work. */
const intervalMs = 400;
const atOnce = 8;

/** Includes all that a merchant has earned, so that it can be spent; emits `balance-updated`. Before a merchant's account is debited. */
export async function bringUpToDate(tx: Tx, ledger: Pick<Ledger, 'rollUp'>, merchant: AccountRef): Promise<void> {
  const id = accountId(merchant);
  for (let rolled = await ledger.rollUp(tx, id); rolled; rolled = await ledger.rollUp(tx, id)) announceBalance(tx, rolled.change, 'sales');
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
  /** Tells of what came in; as a merchant's sales unless given. */
  announce?: (tx: Tx, change: BalanceChange) => void;
}): RollUps {
  const { unitOfWork, ledger, logger, announce = (tx, change) => announceBalance(tx, change, 'sales') } = options;
  const rollUp = async (account: string): Promise<void> => {
    try {
      await unitOfWork.run({ actor: null }, async (tx) => {
        const rolled = await ledger.rollUp(tx, account);
        if (rolled) announce(tx, rolled.change);
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
