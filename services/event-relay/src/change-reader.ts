import { collections, type OutboxEvent } from '@tidings/feed';
import type { ClientSession, Mongo } from '@tidings/platform';

export type ResumeToken = Record<string, unknown>;

export interface ChangeBatch {
  /** In commit order; empty when nothing was committed for a while. */
  events: OutboxEvent[];
  /** Continues after this batch. */
  token: ResumeToken;
  /** The server's time of the answer, to the second; when there are no events, everything before it has been read. */
  readUpTo: Date;
}

export interface ChangeReader {
  next(): Promise<ChangeBatch>;
  close(): Promise<void>;
}

interface CursorReply {
  cursor: { id: unknown; firstBatch?: ChangeDocument[]; nextBatch?: ChangeDocument[]; postBatchResumeToken: ResumeToken };
  operationTime: { getHighBits(): number };
}

interface ChangeDocument {
  _id: ResumeToken;
  fullDocument: OutboxEvent;
}

/** The oplog no longer reaches back to the token, or the token is of another history: what follows it must be found otherwise. */
export function isTokenLost(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 286 || code === 280 || code === 260 || code === 222;
}

/**
 * The outbox's change stream, read by the batch. The driver's `ChangeStream` hands out one change at a time and hides where a batch ends;
 * the two commands behind it give batches, the token to store after each, and back-pressure (no batch is asked for before it is wanted).
 */
export async function openChangeReader(
  mongo: Mongo,
  options: { after: ResumeToken | undefined; batchSize: number; maxAwaitMs?: number },
): Promise<ChangeReader> {
  const { after, batchSize, maxAwaitMs = 1_000 } = options;
  // All commands of a cursor must name the same session.
  const session: ClientSession = mongo.client.startSession();
  const command = async (body: Record<string, unknown>): Promise<CursorReply> =>
    (await mongo.db.command(body, { session })) as unknown as CursorReply;
  const toBatch = (changes: ChangeDocument[], { cursor, operationTime }: CursorReply): ChangeBatch => ({
    events: changes.map(({ fullDocument }) => fullDocument),
    token: cursor.postBatchResumeToken,
    readUpTo: new Date(operationTime.getHighBits() * 1_000),
  });

  let first: CursorReply;
  try {
    first = await command({
      aggregate: collections.outbox,
      pipeline: [
        { $changeStream: after ? { resumeAfter: after } : {} },
        { $match: { operationType: 'insert' } },
        { $project: { fullDocument: 1 } },
      ],
      cursor: { batchSize },
      readConcern: { level: 'majority' },
    });
  } catch (error) {
    await session.endSession();
    throw error;
  }
  let pending: ChangeBatch | undefined = toBatch(first.cursor.firstBatch ?? [], first);
  const cursorId = first.cursor.id;

  return {
    async next() {
      if (pending) {
        const batch = pending;
        pending = undefined;
        return batch;
      }
      const reply = await command({ getMore: cursorId, collection: collections.outbox, batchSize, maxTimeMS: maxAwaitMs });
      return toBatch(reply.cursor.nextBatch ?? [], reply);
    },
    async close() {
      // The cursor may have died with its server; it expires by itself then.
      await command({ killCursors: collections.outbox, cursors: [cursorId] }).catch(() => undefined);
      await session.endSession();
    },
  };
}
