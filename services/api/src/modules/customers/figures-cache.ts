import type { Logger, Redis } from '@tidings/platform';

/** What was computed, by a key that names its version: what changed has another key, and nothing in it is ever out of date. */
export interface FiguresCache {
  /** @returns null when it is not known, or Redis is away */
  get<T>(key: string): Promise<T | null>;
  set(key: string, value: unknown): Promise<void>;
}

/** An old version goes by itself. */
const keptSeconds = 600;

export function createFiguresCache({ redis, prefix, logger }: { redis: Redis; prefix: string; logger: Logger }): FiguresCache {
  const name = (key: string): string => `${prefix}:loyalty-figures:${key}`;
  /** Without Redis the figures are read from where they are kept, which takes a little longer. */
  const away = (error: unknown): null => {
    logger.debug({ reason: String(error) }, 'Figures were read or kept without Redis');
    return null;
  };
  return {
    async get<T>(key: string) {
      const found = await redis.get(name(key)).catch(away);
      return found === null ? null : (JSON.parse(found) as T);
    },
    async set(key, value) {
      await redis.set(name(key), JSON.stringify(value), 'EX', keptSeconds).catch(away);
    },
  };
}
