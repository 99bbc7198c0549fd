import type { Mongo } from '@tidings/platform';
import { collections, type OutboxEvent } from './documents.js';

/** A place in the outbox; `_id` may be empty, which is before all events of that time. */
export type OutboxPlace = Pick<OutboxEvent, 'at' | '_id'>;

/**
 * The events of the outbox in the order of their times, page by page, of what is committed by a majority. Nothing is held open between
 * pages: take as many as you like, and go on later behind the last event seen.
 * @param options `filter`: which of them, by fields; `after`: only those behind this place; `fields`: only these, beside `at` and `_id`
 */
export async function* outboxPages<Field extends keyof OutboxEvent = keyof OutboxEvent>(
  mongo: Mongo,
  options: {
    size: number;
    after?: OutboxPlace | undefined;
    filter?: Readonly<Record<string, unknown>>;
    fields?: readonly Field[];
  },
): AsyncGenerator<Pick<OutboxEvent, Field | keyof OutboxPlace>[], void> {
  const { size, filter = {}, fields } = options;
  const outbox = mongo.db.collection<OutboxEvent>(collections.outbox, { readConcern: { level: 'majority' } });
  const projection = fields && Object.fromEntries(['_id', 'at', ...fields].map((field) => [field, 1]));
  let { after } = options;
  for (;;) {
    const behind = after ? { $or: [{ at: { $gt: after.at } }, { at: after.at, _id: { $gt: after._id } }] } : {};
    const page = await outbox
      .find({ ...filter, ...behind }, projection ? { projection } : {})
      .sort({ at: 1, _id: 1 })
      .limit(size)
      .toArray();
    if (page.length > 0) yield page;
    after = page[size - 1];
    if (!after) return;
  }
}
