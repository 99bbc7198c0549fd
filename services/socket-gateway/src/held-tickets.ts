import type { FeedTicket, Tickets } from '@tidings/feed';
import type { Logger } from '@tidings/platform';
import type { Port } from './port.js';

interface Held {
  ticket: FeedTicket;
  port: Port;
  /** `performance.now()` when it had been taken. */
  since: number;
}

/** The tickets that serve streams of this gateway. */
export interface HeldTickets {
  /** @throws Problem `ticket-used` */
  take(ticket: FeedTicket, port: Port, options: { again: boolean }): Promise<void>;
  giveBack(ticket: FeedTicket, port: Port): void;
  /** Ends the streams whose ticket serves another one by now, wherever that is. */
  check(): Promise<void>;
  /** Resolves when what was given back is written. */
  stop(): Promise<void>;
}

/** Clocks differ a little, and what was written a moment ago may be seen late. */
const overlapMs = 5_000;

export function createHeldTickets(tickets: Tickets, logger: Logger): HeldTickets {
  /** By the connection's id: of two that hold the same, the next check finds which one is over. */
  const held = new Map<string, Held>();
  const writing = new Set<Promise<void>>();
  let since: Date | undefined;
  let checking: Promise<void> | undefined;

  const checkOnce = async (): Promise<void> => {
    if (held.size === 0) {
      since = undefined;
      return;
    }
    const asked = performance.now();
    const { streams, now } = await tickets.takenSince(since ?? new Date(Date.now() - overlapMs * 2));
    since = new Date(now.getTime() - overlapMs);
    for (const [id, { ticket, port, since: from }] of held) {
      const stream = streams.get(ticket._id);
      // One that was taken while the question was under way is looked at the next time.
      if (stream !== undefined && stream !== id && from < asked) port.end('ticket-used', { again: false });
    }
  };

  return {
    async take(ticket, port, { again }) {
      await tickets.take(ticket, port.id, { again });
      held.set(port.id, { ticket, port, since: performance.now() });
    },
    giveBack(ticket, port) {
      if (!held.delete(port.id)) return;
      const write = tickets
        .giveBack(ticket, port.id)
        .catch((error: unknown) =>
          logger.warn({ reason: String(error) }, 'A ticket could not be given back: it is good for reconnects alone'),
        )
        .finally(() => writing.delete(write));
      writing.add(write);
    },
    async check() {
      checking ??= checkOnce()
        .catch((error: unknown) => logger.warn({ reason: String(error) }, 'Looking for tickets that were taken failed'))
        .finally(() => {
          checking = undefined;
        });
      await checking;
    },
    async stop() {
      await checking;
      await Promise.all(writing);
    },
  };
}
