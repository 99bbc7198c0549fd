import { createHash, randomBytes } from 'node:crypto';
import { Problem } from '@tidings/contracts';
import type { ClientSession, Mongo } from '@tidings/platform';
import { serverTime } from './server-time.js';

/** What opens one live stream for whoever cannot send a header. The ticket itself is kept nowhere. */
export interface FeedTicket {
  /** SHA-256 of the ticket. */
  _id: string;
  userId: string;
  sessionId: string;
  /** All that it opens; everything that its owner may follow where absent. */
  feeds?: string[];
  /** The connection that it serves, null when there is none. It stays when a gateway was killed. */
  stream: string | null;
  takenAt: Date | null;
  createdAt: Date;
  expiresAt: Date;
}

export interface NewTicket {
  userId: string;
  sessionId: string;
  feeds?: readonly string[] | undefined;
  expiresAt: Date;
}

/** In MongoDB, so that each gateway knows each ticket, and that one which was used is used after a restart too. */
export interface Tickets {
  /** Makes one, and answers with it: it is told this once. */
  issue(ticket: NewTicket, session: ClientSession): Promise<string>;
  /** @throws Problem `unauthenticated` for one that is not known, `token-expired` */
  read(ticket: string): Promise<FeedTicket>;
  /**
   * Makes it serve this connection. Somebody who has been served by it (`again`) takes it from the connection before, which another gateway may
   * hold; to anybody else it is refused while it serves one.
   * @throws Problem `ticket-used`
   */
  take(ticket: FeedTicket, connection: string, options: { again: boolean }): Promise<void>;
  /** The connection has ended; one that has taken the ticket since keeps it. */
  giveBack(ticket: FeedTicket, connection: string): Promise<void>;
  /** The connections of the tickets that were taken at or after `since` (by the server's clock), and that clock. */
  takenSince(since: Date): Promise<{ streams: Map<string, string | null>; now: Date }>;
}

const collectionName = 'feed_tickets';

/** The gateways and the API call it at start; creating an index that exists does nothing. */
export async function ensureTicketIndexes({ db }: Mongo): Promise<void> {
  await db.collection(collectionName).createIndexes([
    { key: { takenAt: 1 }, name: 'taken' },
    { key: { expiresAt: 1 }, name: 'expiry', expireAfterSeconds: 0 },
  ]);
}

export function createTickets(mongo: Mongo): Tickets {
  const tickets = mongo.db.collection<FeedTicket>(collectionName, {
    readConcern: { level: 'majority' },
    readPreference: 'primary',
    writeConcern: { w: 'majority' },
  });
  return {
    async issue({ feeds, ...ticket }, session) {
      const text = `tkt_${randomBytes(32).toString('base64url')}`;
      await tickets.insertOne(
        { _id: hashOf(text), ...ticket, ...(feeds ? { feeds: [...feeds] } : {}), stream: null, takenAt: null, createdAt: new Date() },
        { session },
      );
      return text;
    },

    async read(text) {
      const ticket = await tickets.findOne({ _id: hashOf(text) });
      if (!ticket) throw new Problem('unauthenticated', 'The ticket is not known');
      if (ticket.expiresAt.getTime() <= Date.now()) throw new Problem('token-expired', 'The ticket has expired; ask for another one');
      return ticket;
    },

    async take({ _id }, stream, { again }) {
      const { matchedCount } = await tickets.updateOne(
        { _id, ...(again ? {} : { stream: null }) },
        { $set: { stream }, $currentDate: { takenAt: true } },
      );
      if (matchedCount === 0) throw new Problem('ticket-used');
    },

    async giveBack({ _id }, stream) {
      await tickets.updateOne({ _id, stream }, { $set: { stream: null } });
    },

    async takenSince(since) {
      const now = await serverTime(mongo);
      const taken = await tickets.find({ takenAt: { $gte: since } }, { projection: { stream: 1 } }).toArray();
      return { streams: new Map(taken.map(({ _id, stream }) => [_id, stream])), now };
    },
  };
}

const hashOf = (ticket: string): string => createHash('sha256').update(ticket).digest('hex');
