import { deliveryNotesCollection, ensureDeliveryNoteIndexes, type DeliveryNote } from '@tidings/feed';
import { pause, type Logger, type Mongo } from '@tidings/platform';
import type { Connection } from './connection.js';
import type { Progress } from './followings.js';

export interface DeliveryNotes {
  /** The connection has ended: its last progress, and when. */
  ended(connection: Connection, progress: readonly Progress[]): void;
  start(): Promise<void>;
  /** Writes what is left. */
  stop(): Promise<void>;
}

type Write = Parameters<ReturnType<typeof collectionOf>['bulkWrite']>[0][number];

const day = 86_400_000;
/** Per round: a gateway whose every client gets something writes some hundred documents a second, and the rest later. */
const notesPerRound = 500;
/** What is kept for a database that does not answer. Past it, notes are lost, which harms nobody but who asks later. */
const mostWaiting = 20_000;
const marksKept = 100;

/** Of the primary alone: what a step-down takes from it is not missed. */
const collectionOf = ({ db }: Mongo) => db.collection<DeliveryNote>(deliveryNotesCollection, { writeConcern: { w: 1 } });

/** Notes how far each connection was sent the feeds that few follow, in rounds: delivery itself knows nothing of it. */
export function createDeliveryNotes(options: {
  mongo: Mongo;
  logger: Logger;
  gateway: string;
  keptDays: number;
  clients: ReadonlySet<{ readonly connection: Connection }>;
  everyMs: number;
}): DeliveryNotes {
  const { mongo, logger, gateway, keptDays, clients, everyMs } = options;
  const notes = collectionOf(mongo);
  const stopping = new AbortController();
  let waiting: Write[] = [];
  let running: Promise<void> | undefined;
  /** Goes round the connections, on from where the last round stopped; what connects meanwhile comes at the end. */
  let round = clients.values();

  const add = (connection: Connection, progress: readonly Progress[], disconnectedAt: Date | null): void => {
    const { port, principal, connectedAt } = connection;
    const now = Date.now();
    for (const { feed, from, to, at: sentAt } of progress) {
      const at = new Date(sentAt ?? now);
      waiting.push({
        updateOne: {
          filter: { _id: `${port.id}:${feed}:${from}` },
          update: {
            $setOnInsert: {
              connection: port.id,
              gateway,
              userId: principal.userId,
              sessionId: principal.sessionId,
              feed,
              from,
              connectedAt: new Date(connectedAt),
            },
            $set: { to, at, disconnectedAt, expiresAt: new Date(now + keptDays * day) },
            $push: { marks: { $each: [{ to, at }], $slice: -marksKept } },
          },
          upsert: true,
        },
      });
    }
  };

  const look = (): void => {
    for (let left = clients.size; left > 0 && waiting.length < notesPerRound; left--) {
      let next = round.next();
      if (next.done) {
        round = clients.values();
        next = round.next();
      }
      if (next.done) return;
      add(next.value.connection, next.value.connection.progress(), null);
    }
  };

  const write = async (most: number): Promise<void> => {
    const writes = waiting.slice(0, most);
    if (writes.length === 0) return;
    waiting = waiting.slice(most);
    try {
      // In their order: of two notes of one connection the later one says more.
      await notes.bulkWrite(writes, { ordered: true });
    } catch (error) {
      logger.warn({ notes: writes.length, reason: String(error) }, 'Deliveries could not be noted; trying again');
      waiting = [...writes, ...waiting].slice(-mostWaiting);
      throw error;
    }
  };

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await pause(everyMs, stopping.signal);
      if (stopping.signal.aborted) return;
      look();
      await write(notesPerRound * 2).catch(() => undefined); // said above, and kept
    }
  };

  const ended = (connection: Connection, progress: readonly Progress[]): void => {
    if (!connection.hasProgress) return;
    const at = new Date();
    add(connection, progress, at);
    const { id } = connection.port;
    // Also those feeds of which there was nothing new. The id's own characters sort before `;`.
    waiting.push({
      updateMany: { filter: { _id: { $gt: `${id}:`, $lt: `${id};` }, disconnectedAt: null }, update: { $set: { disconnectedAt: at } } },
    });
    if (waiting.length > mostWaiting) waiting = waiting.slice(-mostWaiting);
  };

  return {
    ended,
    async start() {
      await ensureDeliveryNoteIndexes(mongo);
      running = loop();
    },
    async stop() {
      stopping.abort();
      await running;
      // Whose transport takes its time to close.
      for (const { connection } of clients) ended(connection, connection.progress());
      try {
        while (waiting.length > 0) await write(1_000);
      } catch {
        // Said where it failed. Whoever stops while the database is away does not wait for it.
      }
    },
  };
}
