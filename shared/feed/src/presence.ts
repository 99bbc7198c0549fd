import { gatewayReportSchema, type GatewayReport } from '@tidings/contracts';
import type { Redis } from '@tidings/platform';

/** How long a gateway that has died is still counted. */
const reportSeconds = 10;
/** Longer, so that a report that comes late does not make the list anew. */
const usersSeconds = 60;
const fieldsAtOnce = 1_000;

/** Who is connected where, in Redis: a convenience for administrators, no truth. It builds itself again within seconds. */
export interface Presence {
  /**
   * @param users the connections of each user at this gateway; only what differs from the last call is written
   * @throws when Redis does not answer
   */
  report(report: GatewayReport, users: ReadonlyMap<string, number>): Promise<void>;
  leave(gatewayId: string): Promise<void>;
  /** By name. @throws when Redis does not answer */
  gateways(): Promise<GatewayReport[]>;
  /** How many connections a user has at each of these gateways. @throws when Redis does not answer */
  connectionsOf(userId: string, gatewayIds: readonly string[]): Promise<Map<string, number>>;
}

export function createPresence(redis: Redis, prefix: string): Presence {
  const all = `${prefix}:gateways`;
  const reportKey = (id: string): string => `${prefix}:gateway:${id}`;
  const usersKey = (id: string): string => `${prefix}:gateway:${id}:users`;
  /** What Redis has of the users; undefined when that is not known. */
  let written: Map<string, number> | undefined;

  const writeUsers = async (key: string, users: ReadonlyMap<string, number>): Promise<void> => {
    const before = written ?? new Map<string, number>();
    const pipeline = redis.pipeline();
    if (!written) pipeline.del(key);
    written = undefined;
    const changed = [...users].filter(([userId, connections]) => before.get(userId) !== connections);
    for (let from = 0; from < changed.length; from += fieldsAtOnce) pipeline.hset(key, new Map(changed.slice(from, from + fieldsAtOnce)));
    const gone = [...before.keys()].filter((userId) => !users.has(userId));
    for (let from = 0; from < gone.length; from += fieldsAtOnce) pipeline.hdel(key, ...gone.slice(from, from + fieldsAtOnce));
    pipeline.expire(key, usersSeconds);
    const results = (await pipeline.exec()) ?? [];
    for (const [error] of results) if (error) throw error;
    // Redis may have come back empty: then the key is there with the changes alone, or not at all.
    const size = await redis.hlen(key);
    if (size === users.size) written = new Map(users);
  };

  return {
    async report(report, users) {
      const { id } = report;
      await writeUsers(usersKey(id), users);
      if (!written) await writeUsers(usersKey(id), users);
      await redis.set(reportKey(id), JSON.stringify(report), 'EX', reportSeconds);
      await redis.sadd(all, id);
    },

    async leave(id) {
      written = undefined;
      await redis.srem(all, id);
      await redis.del(reportKey(id), usersKey(id));
    },

    async gateways() {
      const ids = (await redis.smembers(all)).toSorted();
      if (ids.length === 0) return [];
      const texts = await redis.mget(ids.map(reportKey));
      const dead = ids.filter((_, index) => texts[index] === null);
      if (dead.length > 0) await redis.srem(all, ...dead);
      return texts.flatMap((text) => (text === null ? [] : [gatewayReportSchema.parse(JSON.parse(text))]));
    },

    async connectionsOf(userId, gatewayIds) {
      const counts = await Promise.all(gatewayIds.map((id) => redis.hget(usersKey(id), userId)));
      return new Map(gatewayIds.flatMap((id, index) => (counts[index] ? [[id, Number(counts[index])] as const] : [])));
    },
  };
}
