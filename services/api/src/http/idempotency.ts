import { Problem } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { canonical, isDuplicateKey, isTransient, pause, type Mongo } from '@tidings/platform';
import { createHash } from 'node:crypto';

/** An event of the answer, at the place where its caller will see it. */
export interface EventRef {
  id: string;
  feed: string;
}

export interface Answer {
  status: number;
  body: unknown;
  events: EventRef[];
  /** Of a refusal that may be tried again; such a one is not kept. */
  retryAfterSeconds?: number | undefined;
}

interface IdempotencyRecord {
  _id: string;
  bodyHash: string;
  status: number;
  /** As JSON text, so that what comes back is what was sent, byte for byte. */
  body: string | null;
  events: EventRef[];
  expiresAt: Date;
}

export interface IdempotentRequest {
  recordId: string;
  bodyHash: string;
}

/** Ends the transaction of a request whose equal was first. */
class AnsweredBefore extends Error {
  override readonly name = 'AnsweredBefore';
}

const keptMs = 24 * 3_600_000;
const majorityMs = 2_000;

/**
 * Names a request by caller, route and key, and its content by the hash of parameters and body, both canonical.
 * @throws Problem bad-request for a key that is none
 */
export function idempotentRequest(
  key: string | undefined,
  caller: string | null,
  route: string,
  content: unknown,
): IdempotentRequest | null {
  if (key === undefined) return null;
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw new Problem('bad-request', 'Idempotency-Key must be 1 to 255 printable characters without spaces');
  return { recordId: sha256(JSON.stringify([caller ?? 'public', route, key])), bodyHash: sha256(canonical(content)) };
}

/**
 * Answers of writes by key. The record is part of the business transaction: it exists if and only if the change does. An answer
 * that was rolled back (every thrown error) leaves none, so the same key may be tried again.
 */
export function createIdempotency(mongo: Mongo) {
  const records = mongo.db.collection<IdempotencyRecord>('idempotency');

  /** @throws Problem idempotency-key-reused when the key stands for another request */
  const stored = async ({ recordId, bodyHash }: IdempotentRequest): Promise<Answer | null> => {
    const record = await records.findOne({ _id: recordId });
    if (!record) return null;
    if (record.bodyHash !== bodyHash) throw new Problem('idempotency-key-reused');
    return { status: record.status, body: record.body === null ? undefined : JSON.parse(record.body), events: record.events };
  };

  return {
    stored,

    /**
     * The answer of the equal request that was first (`isTaken`). Its record refuses ours as soon as the primary has it, and is shown when
     * the majority has.
     * @throws Problem as `stored`; unavailable when the majority takes too long
     */
    async first(request: IdempotentRequest): Promise<Answer> {
      const deadline = performance.now() + majorityMs;
      for (;;) {
        const answer = await stored(request);
        if (answer) return answer;
        if (performance.now() > deadline) throw new Problem('unavailable', undefined, { retryAfterSeconds: 1 });
        await pause(10);
      }
    },

    /**
     * Lets one request do its work unless an equal one was first. It looks for the record of that one where there is reason to: when the work
     * fails, since that may come of what the equal one did (it has spent the money, say), and when the transaction runs again.
     * @throws AnsweredBefore
     */
    unlessAnswered(request: IdempotentRequest): <T>(tx: Tx, work: () => Promise<T>) => Promise<T> {
      const assertFirst = async ({ session }: Tx): Promise<void> => {
        if (await records.findOne({ _id: request.recordId }, { session, projection: { _id: 1 } })) throw new AnsweredBefore();
      };
      let runs = 0;
      return async (tx, work) => {
        const looksFirst = runs++ > 0;
        if (looksFirst) await assertFirst(tx);
        try {
          return await work();
        } catch (error) {
          // A write that an index refused has ended the transaction: then this fails, and it all runs again and looks first.
          if (!looksFirst && !isTransient(error)) await assertFirst(tx);
          throw error;
        }
      };
    },

    /** With the change, and written once: of two equal requests the index lets one commit, and the other one finds its record. */
    async record(tx: Tx, { recordId, bodyHash }: IdempotentRequest, { status, body, events }: Answer): Promise<void> {
      const text = body === undefined ? null : JSON.stringify(body);
      const expiresAt = new Date(tx.now.getTime() + keptMs);
      await records.insertOne({ _id: recordId, bodyHash, status, body: text, events, expiresAt }, { session: tx.session });
    },

    /** Whether the transaction failed because an equal request has committed. */
    isTaken: (error: unknown): boolean => error instanceof AnsweredBefore || isDuplicateKey(error, 'idempotency'),

    async start(): Promise<void> {
      await records.createIndex({ expiresAt: 1 }, { expireAfterSeconds: 0 });
    },
  };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
