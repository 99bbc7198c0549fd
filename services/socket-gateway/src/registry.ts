import { feeds, Problem } from '@tidings/contracts';
import type { Logger } from '@tidings/platform';
import type { Connection } from './connection.js';
import { payloadOf, type Entry } from './entry.js';
import type { Hub, Watcher } from './hub.js';
import type { Hubs } from './hubs.js';

/** The live connections of this gateway, by user, and the watch on each user's own feed. */
export interface Registry {
  readonly size: number;
  /** @throws Problem `rate-limited` when the user has as many connections as anybody needs */
  assertRoom(userId: string): void;
  /** Resolves when the user's feed is watched: what ends the session from then on is enforced. */
  add(connection: Connection): Promise<void>;
  remove(connection: Connection): void;
  /** Does what an entry of a user's feed says about sessions and rights. */
  enforce(entry: Entry, connections: Iterable<Connection>): void;
}

/** Tabs and devices of one person; more is a program gone wrong, or worse. */
const maxConnectionsOfUser = 50;
const attempts = 5;
const userPrefix = feeds.user('');

export function createRegistry({ hubs, logger }: { hubs: Hubs; logger: Logger }): Registry {
  const users = new Map<string, Connection[]>();
  /** Each holds the hub of its user's feed; undefined while that opens. */
  const connections = new Map<Connection, Hub | undefined>();

  const enforce: Registry['enforce'] = (entry, affected) => {
    if (entry.type === 'session-revoked') {
      const sessionId = revokedSession(entry);
      for (const connection of Array.from(affected)) {
        if (connection.principal.sessionId === sessionId) connection.port.end('session-revoked', { again: false });
      }
    } else if (entry.type === 'access-changed') {
      for (const connection of Array.from(affected)) void recheck(connection);
    }
  };

  /** When the database does not answer, the rights are unknown, and a connection with unknown rights ends. */
  const recheck = async (connection: Connection): Promise<void> => {
    for (let attempt = 1; !connection.closed; attempt++) {
      try {
        return await connection.accessChanged();
      } catch (error) {
        logger.warn({ userId: connection.principal.userId, reason: String(error), attempt }, 'Checking the rights of a connection failed');
        if (attempt === attempts) return connection.port.end('failed', { again: true });
        await new Promise((resolve) => setTimeout(resolve, 50 * attempt));
      }
    }
  };

  const watcher: Watcher = (entry) => enforce(entry, users.get(entry.feed.slice(userPrefix.length)) ?? []);

  return {
    get size() {
      return connections.size;
    },
    assertRoom(userId) {
      if ((users.get(userId)?.length ?? 0) >= maxConnectionsOfUser)
        throw new Problem('rate-limited', `A user has at most ${maxConnectionsOfUser} connections here`, { retryAfterSeconds: 30 });
    },
    async add(connection) {
      const { userId } = connection.principal;
      connections.set(connection, undefined);
      const known = users.get(userId);
      if (known) known.push(connection);
      else users.set(userId, [connection]);
      const hub = await hubs.acquire(feeds.user(userId));
      if (!connections.has(connection)) return hubs.release(hub);
      connections.set(connection, hub);
      hub.watcher = watcher;
    },
    remove(connection) {
      const { userId } = connection.principal;
      const hub = connections.get(connection);
      if (!connections.delete(connection)) return;
      const others = (users.get(userId) ?? []).filter((other) => other !== connection);
      if (others.length > 0) users.set(userId, others);
      else users.delete(userId);
      if (!hub) return; // `add` gives it back when it has opened
      if (others.length === 0) hub.watcher = undefined;
      hubs.release(hub);
    },
    enforce,
  };
}

function revokedSession(entry: Entry): unknown {
  try {
    return payloadOf(entry)['sessionId'];
  } catch {
    return undefined; // an entry that nobody can read revokes nothing; it must not stop delivery to the others
  }
}
