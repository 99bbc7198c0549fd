import type { Tx } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';

interface ActiveUsers {
  /** Null when there is no such user, or they are suspended or gone. */
  find(tx: Tx, userId: string): Promise<{ userId: string; name: string } | null>;
}

/** Who may be dealt with, by the name they have now. */
export function createActiveUsers({ db }: Pick<Mongo, 'db'>): ActiveUsers {
  const users = db.collection<{ _id: string; name: string; status: string }>('users');
  return {
    async find({ session }, userId) {
      const user = await users.findOne({ _id: userId, status: 'active' }, { session, projection: { name: 1 } });
      return user && { userId, name: user.name };
    },
  };
}
