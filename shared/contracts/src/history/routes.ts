import { idParams } from '../common.js';
import { defineRoute } from '../route.js';
import { pastScreenSchema, screenQuery } from './schemas.js';
import { timelineSchema } from './timeline.js';

const shared = { method: 'get', tag: 'admin', access: ['admin', 'superadmin'], status: 200, errors: ['not-found'] } as const;
const who = 'Each look is written to the audit log.';

export const historyRoutes = {
  screen: defineRoute({
    ...shared,
    name: 'getUserScreen',
    path: '/api/admin/users/:id/screen',
    summary: "What the user's screen showed at a time or a `seq` of `user:{id}`, folded with the reducers that clients use",
    who,
    params: idParams,
    query: screenQuery,
    response: pastScreenSchema,
  }),
  screenExport: defineRoute({
    ...shared,
    name: 'exportUserScreen',
    path: '/api/admin/users/:id/screen/export',
    summary: 'The same screen with every entry that proves it, as a file that `npm run verify-screen` checks',
    who,
    params: idParams,
    query: screenQuery,
    media: ['application/x-ndjson'],
  }),
  timeline: defineRoute({
    ...shared,
    name: 'getEventTimeline',
    path: '/api/admin/events/:id/timeline',
    summary: 'What caused an event and what came of it: provider, ledger, feeds, devices, notifications, with the time between',
    who,
    params: idParams,
    response: timelineSchema,
  }),
};
