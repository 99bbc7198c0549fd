import { feeds } from '@tidings/contracts';
import type { Logger } from '@tidings/platform';
import type { Connection } from './connection.js';
import { payloadOf, type Entry } from './entry.js';
import type { Hub, Watcher } from './hub.js';
import type { Hubs } from './hubs.js';

/** The live connections of this gateway, by user, and the watch on each user's own feed. */
export interface Registry {
  readonly size: number;
  /** Resolves when the user's feed is watched: what ends the session from then on is enforced. */
  add(connection: Connection): Promise<void>;
  remove(connection: Connection): void;
  all(): Connection[];
  /** Does what an entry of a user's feed says about sessions and rights. */
  enforce(entry: Entry, connections: Iterable<Connection>): void;
}

interface Watch {
  connections: Set<Connection>;
  opened: Promise<{ hub: Hub; watcher: Watcher }>;
}

const attempts = 5;

export function createRegistry({ hubs, logger }: { hubs: Hubs; logger: Logger }): Registry {
  const users = new Map<string, Watch>();
  const connections = new Set<Connection>();

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

  const watch = (userId: string): Watch => {
    const existing = users.get(userId);
    if (existing) return existing;
    const watched = new Set<Connection>();
    const watcher: Watcher = (entry) => enforce(entry, watched);
    const opened = hubs.acquire(feeds.user(userId)).then((hub) => {
      hub.watchers.add(watcher);
      return { hub, watcher };
    });
    const created = { connections: watched, opened };
    users.set(userId, created);
    return created;
  };

  return {
    get size() {
      return connections.size;
    },
    async add(connection) {
      const { userId } = connection.principal;
      const { connections: watched, opened } = watch(userId);
      connections.add(connection);
      watched.add(connection);
      await opened;
    },
    remove(connection) {
      const { userId } = connection.principal;
      if (!connections.delete(connection)) return;
      const found = users.get(userId);
      found?.connections.delete(connection);
      if (!found || found.connections.size > 0) return;
      users.delete(userId);
      found.opened.then(
        ({ hub, watcher }) => {
          hub.watchers.delete(watcher);
          hubs.release(hub);
        },
        () => undefined, // it never opened: `add` has told the connection
      );
    },
    all: () => [...connections],
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
