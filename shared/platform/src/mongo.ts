import os from 'node:os';
import { Problem } from '@tidings/contracts';
import mongoose, { type Connection } from 'mongoose';
import type { Logger } from './logger.js';
import { pause } from './time.js';

export type Db = NonNullable<Connection['db']>;
export type MongoClient = ReturnType<Connection['getClient']>;
export type ClientSession = mongoose.ClientSession;
export type { Connection };

export interface Mongo {
  /** For mongoose models. */
  connection: Connection;
  /** For the event path, which reads and writes plain documents. */
  db: Db;
  client: MongoClient;
  close(): Promise<void>;
}

/** 24 hexadecimal characters that grow with time: an id of a document. */
export function newId(): string {
  return new mongoose.Types.ObjectId().toHexString();
}

/**
 * Connects and checks that transactions are possible. Everything is written with `w: majority` and read from the primary with
 * `readConcern: majority`: what a step-down can roll back is never shown to anyone.
 * @throws Error with a message for the operator, when nothing answers within 5 s or there is no replica set
 */
export async function connectMongo(
  url: string,
  options: { logger?: Logger; maxPoolSize?: number; timeoutMs?: number } = {},
): Promise<Mongo> {
  const connection = mongoose.createConnection(url, {
    // The driver would import it dynamically, which a test's VM refuses.
    runtimeAdapters: { os },
    autoIndex: false,
    autoCreate: false,
    ...(new URL(url.replace(/^mongodb(\+srv)?:/, 'http:').replace(/,[^/]*/, '')).pathname.length > 1 ? {} : { dbName: 'tidings' }),
    maxPoolSize: options.maxPoolSize ?? 50,
    serverSelectionTimeoutMS: options.timeoutMs ?? 5_000,
    writeConcern: { w: 'majority' },
    readConcern: { level: 'majority' },
  });
  try {
    await connection.asPromise();
    const hello = await connection.db!.admin().command({ hello: 1 });
    if (!hello['setName'])
      throw new Error(
        'it is not a member of a replica set, which transactions and change streams need (start mongod with --replSet and run rs.initiate())',
      );
  } catch (error) {
    await connection.close(true);
    throw new Error(
      `MongoDB at ${maskUrl(url)} cannot be used: ${error instanceof Error ? error.message : String(error)}. Check MONGODB_URL.`,
      { cause: error },
    );
  }
  options.logger?.info({ url: maskUrl(url) }, 'Connected to MongoDB');
  await warnOfLongLocks(connection, options.logger);
  return { connection, db: connection.db!, client: connection.getClient(), close: () => connection.close(true) };
}

/** The transaction of a process that was killed keeps its locks until the server ends it; our own give up after 5 s. */
async function warnOfLongLocks(connection: Connection, logger: Logger | undefined): Promise<void> {
  if (!logger) return;
  const name = 'transactionLifetimeLimitSeconds';
  try {
    const seconds = Number((await connection.db!.admin().command({ getParameter: 1, [name]: 1 }))[name]);
    if (seconds > 10) logger.warn({ [name]: seconds }, `What a killed process had locked stays locked for ${seconds} s: set ${name} to 6`);
  } catch (error) {
    logger.debug({ reason: String(error) }, `${name} cannot be read with these rights`);
  }
}

/**
 * Names the primary's time in office, as far as the driver has heard, which is before it sends it anything: with another name, what the last
 * one took without waiting for the majority may be gone. May change without need.
 */
export function watchPrimary(client: MongoClient): () => string {
  let term = '';
  client.on('serverDescriptionChanged', ({ newDescription: { type, electionId } }) => {
    if (type === 'RSPrimary') term = String(electionId);
  });
  return () => term;
}

/** The URL without its credentials, for logs and messages. */
export function maskUrl(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//[masked]@');
}

/** Thrown by a transaction's work: it is given up, and when `wait` has ended it begins anew, with its whole time. */
export class BeginAgain extends Error {
  override readonly name = 'BeginAgain';
  constructor(readonly wait: () => Promise<void>) {
    super('The transaction begins anew');
  }
  hasErrorLabel(label: string): boolean {
    return label === 'TransientTransactionError';
  }
}

/** Whether the error has ended a transaction that may be run again. */
export const isTransient = (error: unknown): boolean => hasLabel(error, 'TransientTransactionError');
const commitUnknown = (error: unknown): boolean => hasLabel(error, 'UnknownTransactionCommitResult');

function hasLabel(error: unknown, label: string): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'hasErrorLabel' in error &&
    (error as { hasErrorLabel(name: string): boolean }).hasErrorLabel(label)
  );
}

/**
 * Runs `work` in one transaction, again from the start when it conflicts with another, with growing jittered pauses. The driver's own
 * helper goes on for 120 s without a pause; a client has gone by then, so the deadline here is 5 s.
 * @throws Problem `unavailable` past the deadline; whatever `work` throws, after a rollback; what the wait of a `BeginAgain` throws
 */
export async function inTransaction<T>(
  mongo: Mongo,
  work: (session: ClientSession) => Promise<T>,
  options: { deadlineMs?: number } = {},
): Promise<T> {
  const { deadlineMs = 5_000 } = options;
  let deadline = performance.now() + deadlineMs;
  const busy = (cause: unknown) => new Problem('unavailable', 'The change met too many others; try again', { cause, retryAfterSeconds: 1 });
  return mongo.client.withSession(async (session) => {
    for (let attempt = 0; ; attempt++) {
      session.startTransaction({ readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority' }, readPreference: 'primary' });
      try {
        const result = await work(session);
        await commit(session, deadline);
        return result;
      } catch (error) {
        if (session.inTransaction()) await session.abortTransaction().catch(() => undefined); // the server drops it by itself when this fails
        if (error instanceof BeginAgain) {
          await error.wait();
          deadline = performance.now() + deadlineMs;
          continue;
        }
        if (!isTransient(error)) throw error;
        if (performance.now() > deadline) throw busy(error);
        await pause(Math.random() * Math.min(100, 2 ** attempt));
      }
    }
  });
}

/** A commit whose outcome is unknown is asked for again: the server answers for the same transaction. */
async function commit(session: ClientSession, deadline: number): Promise<void> {
  for (;;) {
    try {
      await session.commitTransaction();
      return;
    } catch (error) {
      if (!commitUnknown(error) || isTransient(error) || performance.now() > deadline + 5_000) throw error;
      await pause(20);
    }
  }
}

/** Whether a unique index refused the write; with `collection`, whether it was one of that collection. */
export function isDuplicateKey(error: unknown, collection?: string): boolean {
  if (typeof error !== 'object' || error === null || (error as { code?: unknown }).code !== 11_000) return false;
  return collection === undefined || String((error as { message?: unknown }).message).includes(`.${collection} `);
}
