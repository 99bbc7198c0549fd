import { feeds, type Principal } from '@tidings/contracts';
import type { Access } from '@tidings/feed';

/** Whoever has not logged in. */
export const anonymous: Principal = Object.freeze({ userId: '', sessionId: '', roles: [], merchants: [] });

const onePlan = /^plan:/;

/** What needs no login: published plans, without private fields. Nobody can lose it. */
export const publicAccess: Access = {
  principal: async () => anonymous,
  mayFollow: async (_who, feed) => ({ ok: feed === feeds.plans || onePlan.test(feed), containers: [] }),
  parties: async () => [],
};
