import { cardRoutes } from './card-routes.js';
import { enrollmentRoutes } from './enrollment-routes.js';
import { programRoutes } from './program-routes.js';

export const loyaltyRoutes = { ...programRoutes, ...enrollmentRoutes, ...cardRoutes };
