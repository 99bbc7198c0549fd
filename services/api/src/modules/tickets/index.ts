import { Problem, routes } from '@tidings/contracts';
import { createTickets, ensureTicketIndexes } from '@tidings/feed';
import type { ApiModule, Context } from '../../context.js';
import { write } from '../../http/bind.js';

/** Tickets for streams; the gateways take them. They are made here, where every other login is checked and every write is done. */
export function ticketsModule({ mongo, access }: Pick<Context, 'mongo' | 'access'>): ApiModule {
  const tickets = createTickets(mongo);
  return {
    routes: [
      write(routes.feeds.createTicket, {
        harmless: true,
        prepare: async ({ caller, body: { feeds = [] } }) => {
          // Said here, and not only when the stream is opened: who asks for a ticket can still read the answer.
          for (const feed of feeds)
            if (!(await access.mayFollow(caller, feed)).ok) throw new Problem('forbidden', `Not allowed to follow ${feed}`);
        },
        handle: async ({ tx, caller, body, client }) => {
          const { userId, sessionId } = caller;
          const expiresAt = client.tokenExpiresAt ?? tx.now;
          const ticket = await tickets.issue({ userId, sessionId, feeds: body.feeds, expiresAt }, tx.session);
          return { ticket, expiresAt: expiresAt.toISOString() };
        },
      }),
    ],
    start: () => ensureTicketIndexes(mongo),
  };
}
