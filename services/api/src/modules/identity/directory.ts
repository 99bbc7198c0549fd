import { Problem, type UsersQuery } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { newestFirst, olderThan, pageByTime, type Paged } from '../../http/lists.js';
import type { IdentityModels, UserDocument } from './identity.model.js';

export const nameKey = (name: string): string => name.toLowerCase();

/** Users as administrators find them. */
export interface Directory {
  /** Newest first. */
  list(query: UsersQuery): Promise<Paged<UserDocument>>;
  /** @throws Problem not-found */
  get(id: string, tx?: Tx): Promise<UserDocument>;
  /** Gives the key by which names are found to users from before there was one. */
  prepare(): Promise<void>;
}

const batchSize = 500;

export function createDirectory({ users }: Pick<IdentityModels, 'users'>): Directory {
  return {
    async list({ q, role, status, limit, cursor }) {
      const filters = [
        q === undefined ? {} : { $or: [{ nameKey: startingWith(q) }, { email: startingWith(q) }] },
        role === undefined ? {} : { roles: role },
        status === undefined ? {} : { status },
        olderThan(cursor),
      ];
      const found = await users
        .find({ $and: filters })
        .sort(newestFirst)
        .limit(limit + 1)
        .lean<UserDocument[]>();
      return pageByTime(found, limit);
    },

    async get(id, tx) {
      const user = await users.findById(id, undefined, { session: tx?.session ?? null }).lean<UserDocument>();
      if (!user) throw new Problem('not-found', 'There is no such user');
      return user;
    },

    async prepare() {
      for (;;) {
        const found = await users.find({ nameKey: null }, { name: 1 }).limit(batchSize).lean<UserDocument[]>();
        if (found.length === 0) return;
        await users.bulkWrite(
          found.map(({ _id, name }) => ({ updateOne: { filter: { _id, name }, update: { $set: { nameKey: nameKey(name) } } } })),
        );
      }
    },
  };
}

/** A range of the index and no pattern: nothing that was typed in has a meaning of its own. */
function startingWith(typed: string): { $gte: string; $lt: string } {
  const start = typed.toLowerCase();
  return { $gte: start, $lt: `${start}\u{10ffff}` };
}
