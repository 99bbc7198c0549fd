import { editorSchema, feeds, isAdmin, Problem, type Editor, type Principal } from '@tidings/contracts';
import { newId, type Logger, type Redis } from '@tidings/platform';
import type { Connection } from './connection.js';
import type { ToRooms } from './typing.js';

/**
 * Who has a plan open. It stands in Redis, so that all gateways see it, and ends with the connection, or when it was not renewed for a while, or by
 * itself when its gateway has died: a convenience for administrators, no lock.
 */
export interface Editing {
  /** Opens, renews or closes a plan for a connection; others are told when that changes something. @throws Problem `forbidden`, `bad-request`, `unavailable` */
  set(connection: Connection, planId: string, open: boolean): Promise<Editor[]>;
  /** The connection has ended. */
  leave(connection: Connection): void;
}

interface Opened {
  member: string;
  timer: NodeJS.Timeout;
}

const mostAtOnce = 20;
const mostShown = 50;
/** As it stands in Redis: with an id of its connection. */
const memberSchema = editorSchema.loose();

export function createEditing(options: {
  redis: Redis;
  prefix: string;
  logger: Logger;
  /** How long it holds without being renewed. */
  holdMs: number;
  emailOf: (userId: string) => Promise<string>;
  toRooms: ToRooms;
}): Editing {
  const { redis, prefix, logger, holdMs, emailOf, toRooms } = options;
  const opened = new Map<Connection, Map<string, Opened>>();
  const keyOf = (planId: string): string => `${prefix}:editing:${planId}`;

  const editorsOf = async (planId: string): Promise<Editor[]> => {
    await redis.zremrangebyscore(keyOf(planId), '-inf', String(Date.now()));
    const members = (await redis.zrange(keyOf(planId), '0', String(mostShown - 1))).map((text) => memberSchema.parse(JSON.parse(text)));
    // Somebody with two windows is one editor, since the first of them.
    const byUser = new Map<string, Editor>();
    for (const { userId, email, since } of members.toSorted((a, b) => (a.since < b.since ? 1 : -1)))
      byUser.set(userId, { userId, email, since });
    return [...byUser.values()].toReversed();
  };

  const tell = async (planId: string): Promise<void> => {
    toRooms([feeds.plansAdmin], 'plan-editing', { planId, editors: await editorsOf(planId) });
  };

  const close = async (connection: Connection, planId: string): Promise<void> => {
    const own = opened.get(connection);
    const one = own?.get(planId);
    if (!own || !one) return;
    clearTimeout(one.timer);
    own.delete(planId);
    if (own.size === 0) opened.delete(connection);
    await redis.zrem(keyOf(planId), one.member);
    await tell(planId);
  };

  /** Where nobody waits for the answer. What is left in Redis ends by itself. */
  const closeLater = (connection: Connection, planId: string): void => {
    close(connection, planId).catch((error: unknown) => logger.debug({ planId, reason: String(error) }, 'Closing a plan was not told'));
  };

  const open = async (connection: Connection, { userId }: Principal, planId: string): Promise<void> => {
    const own = opened.get(connection) ?? new Map<string, Opened>();
    const known = own.get(planId);
    if (!known && own.size >= mostAtOnce) throw new Problem('bad-request', `At most ${mostAtOnce} plans at once`);
    clearTimeout(known?.timer);
    const member = known?.member ?? JSON.stringify({ id: newId(), userId, email: await emailOf(userId), since: new Date().toISOString() });
    // It may have ended while its address was looked up.
    if (connection.closed) return;
    const timer = setTimeout(() => closeLater(connection, planId), holdMs);
    timer.unref();
    opened.set(connection, own.set(planId, { member, timer }));
    await redis.zadd(keyOf(planId), Date.now() + holdMs, member);
    await redis.pexpire(keyOf(planId), holdMs * 2);
    if (!known) await tell(planId);
  };

  return {
    async set(connection, planId, isOpen) {
      const { principal } = connection;
      if (!isAdmin(principal.roles)) throw new Problem('forbidden', 'Administrators edit plans');
      try {
        await (isOpen ? open(connection, principal, planId) : close(connection, planId));
        return await editorsOf(planId);
      } catch (error) {
        throw error instanceof Problem ? error : new Problem('unavailable', undefined, { cause: error, retryAfterSeconds: 1 });
      }
    },
    leave(connection) {
      for (const planId of opened.get(connection)?.keys() ?? []) closeLater(connection, planId);
    },
  };
}
