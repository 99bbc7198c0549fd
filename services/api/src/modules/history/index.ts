import { ensureDeliveryNoteIndexes } from '@tidings/feed';
import type { ApiModule, Context } from '../../context.js';
import { historyRoutes } from './history.routes.js';
import { createScreens } from './screen.service.js';
import { createTimelines } from './timeline.service.js';

/** What was: the screens of users in the past, and the way of one event through the system. It only reads; see docs/history.md. */
export function historyModule({ mongo, feedLog }: Pick<Context, 'mongo' | 'feedLog'>): ApiModule {
  return {
    routes: historyRoutes({ screens: createScreens({ mongo, feedLog }), timelines: createTimelines(mongo) }),
    start: () => ensureDeliveryNoteIndexes(mongo),
  };
}
