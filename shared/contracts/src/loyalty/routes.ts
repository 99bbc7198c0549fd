import { programRoutes } from './program-routes.js';

export const loyaltyRoutes = { ...programRoutes };
