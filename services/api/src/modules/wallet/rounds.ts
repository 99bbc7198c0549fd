import type { Logger } from '@tidings/platform';

export interface Rounds {
  start(): void;
  /** Ends after the round that is under way. */
  stop(): Promise<void>;
}

/** Does something again and again, with a pause after each round. One that fails is reported, and the next one tries again. */
export function createRounds(run: () => Promise<void>, options: { intervalMs: number; what: string; logger: Logger }): Rounds {
  const { intervalMs, what, logger } = options;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  return {
    start() {
      const tick = () => {
        running = run().catch((error: unknown) => logger.warn({ reason: String(error) }, `A round failed: ${what}`));
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
