import type { UnitOfWork } from '@tidings/feed';
import type { Logger } from '@tidings/platform';
import type { Ledger } from './ledger.js';
import { announceBalance } from './wallet.events.js';

/** Merchants see their balance follow within a second: a look twice as often leaves time for the work. */
const intervalMs = 400;

export interface RollUps {
  start(): void;
  stop(): Promise<void>;
  /** One round, for tests and shutdown: every account that has something waiting. */
  run(): Promise<void>;
}

/**
 * Brings shared accounts' balances up to date, apart from the payments. Each replica does it: two that meet on one account conflict, and the
 * second finds nothing left to do.
 */
export function createRollUps(options: { unitOfWork: UnitOfWork; ledger: Ledger; logger: Logger }): RollUps {
  const { unitOfWork, ledger, logger } = options;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  const run = async (): Promise<void> => {
    const results = await Promise.allSettled(
      (await ledger.waiting()).map((account) =>
        unitOfWork.run({ actor: null }, async (tx) => {
          const rolled = await ledger.rollUp(tx, account);
          if (rolled) announceBalance(tx, rolled.change, 'sales');
        }),
      ),
    );
    for (const result of results) {
      if (result.status === 'rejected') logger.warn({ reason: String(result.reason) }, 'An account was not rolled up; the next round tries again');
    }
  };

  return {
    run,
    start() {
      const tick = () => {
        running = run().catch((error: unknown) => logger.warn({ reason: String(error) }, 'A roll-up round failed'));
        void running.finally(() => {
          if (timer) timer = setTimeout(tick, intervalMs);
        });
      };
      timer = setTimeout(tick, intervalMs);
    },
    async stop() {
      clearTimeout(timer);
      timer = undefined;
      await running;
    },
  };
}
