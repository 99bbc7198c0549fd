import { collections, type OutboxEvent } from '@tidings/feed';
import type { Logger, Mongo } from '@tidings/platform';

export interface Janitor {
  /** Deletes relayed, handled events older than the retention, counted back from the watermark and so never ahead of it. */
  clean(watermark: Date): Promise<number>;
}

export function createJanitor({ mongo, logger, retentionHours }: { mongo: Mongo; logger: Logger; retentionHours: number }): Janitor {
  const outbox = mongo.db.collection<OutboxEvent>(collections.outbox);
  return {
    async clean(watermark) {
      const before = new Date(watermark.getTime() - retentionHours * 3_600_000);
      const { deletedCount } = await outbox.deleteMany({ at: { $lt: before }, pending: { $exists: false } });
      if (deletedCount > 0) logger.info({ deletedCount, before }, 'Deleted relayed events');
      return deletedCount;
    },
  };
}
