import { Problem, type PlansQuery } from '@tidings/contracts';
import { z } from 'zod';
import { decodeCursor, newestFirst, olderThan, pageByTime, pageOf, type Paged } from '../../http/lists.js';
import { plainNameOf } from '../../names.js';
import type { PlanDocument, PlanModels, PlanVersionDocument } from './plans.model.js';

export interface PlanLists {
  /** Newest first; by name where `q` says how it begins. @param isAdmin sees what is not published, too */
  list(query: PlansQuery, isAdmin: boolean): Promise<Paged<PlanDocument>>;
  /**
   * Versions, the newest first; of a deleted plan for administrators alone.
   * @param isAdmin sees what was before the publication, too
   * @throws Problem `not-found`
   */
  history(id: string, query: { limit: number; cursor?: string | undefined }, isAdmin: boolean): Promise<Paged<PlanVersionDocument>>;
}

const nameKey = z.tuple([z.literal('name'), z.string().max(300), z.string().max(64)]);
const versionKey = z.tuple([z.int().min(1)]);
/** Sorts behind every text that begins with what stands before it: MongoDB compares bytes. */
const last = '\u{10FFFF}';

export function createPlanLists({ plans, planVersions }: PlanModels): PlanLists {
  /** By the index of names, in its order. What is behind the cursor is read in two ranges: in one condition with `$or` the planner may sort. */
  const byName = async (seen: object, q: string, { limit, cursor }: PlansQuery): Promise<Paged<PlanDocument>> => {
    const prefix = plainNameOf(q);
    const key = decodeCursor(cursor, nameKey);
    const read = (range: object, count: number): Promise<PlanDocument[]> =>
      plans
        .find({ ...seen, ...range })
        .sort({ nameKey: 1, _id: 1 })
        .limit(count)
        .lean<PlanDocument[]>();
    const wanted = limit + 1;
    const found = key ? await read({ nameKey: key[1], _id: { $gt: key[2] } }, wanted) : [];
    const left = wanted - found.length;
    const from = key ? { $gt: key[1], $gte: prefix } : { $gte: prefix };
    if (left > 0) found.push(...(await read({ nameKey: { ...from, $lt: prefix + last } }, left)));
    return pageOf(found, limit, (plan) => ['name', plan.nameKey, plan._id]);
  };

  return {
    async list(query, isAdmin) {
      const { q, currency, published, limit, cursor } = query;
      const seen = {
        deletedAt: null,
        ...(isAdmin ? (published === undefined ? {} : { published }) : { published: true }),
        ...(currency === undefined ? {} : { currency }),
      };
      // What only administrators see, nobody else finds.
      if (!isAdmin && published === false) return { page: [], nextCursor: null };
      if (q !== undefined) return byName(seen, q, query);
      const found = await plans
        .find({ ...seen, ...olderThan(cursor) })
        .sort(newestFirst)
        .limit(limit + 1)
        .lean<PlanDocument[]>();
      return pageByTime(found, limit);
    },

    async history(id, { limit, cursor }, isAdmin) {
      const plan = await plans.findById(id).lean<PlanDocument>();
      if (!plan || (!isAdmin && (!plan.published || plan.deletedAt))) throw new Problem('not-found', 'There is no such plan');
      const before = decodeCursor(cursor, versionKey);
      const found = await planVersions
        .find({
          planId: id,
          version: { $gte: isAdmin ? 1 : (plan.publishedVersion ?? 1), ...(before ? { $lt: before[0] } : {}) },
        })
        .sort({ version: -1 })
        .limit(limit + 1)
        .lean<PlanVersionDocument[]>();
      // What the first version that everybody sees was changed from is of a draft.
      const shown = found.map((one) => (isAdmin || one.version !== plan.publishedVersion ? one : asFirst(one)));
      return pageOf(shown, limit, ({ version }) => [version]);
    },
  };
}

/** As if nothing had been before it. */
function asFirst(version: PlanVersionDocument): PlanVersionDocument {
  const { restored: _, ...rest } = version;
  return { ...rest, changes: [] };
}
