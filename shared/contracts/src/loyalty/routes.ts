import { cardRoutes } from './card-routes.js';
import { enrollmentRoutes } from './enrollment-routes.js';
import { fraudRoutes } from './fraud-routes.js';
import { pointsRoutes } from './points-routes.js';
import { programRoutes } from './program-routes.js';
import { redemptionRoutes, rewardRoutes } from './reward-routes.js';
import { viewRoutes } from './view-routes.js';
import { scanRoutes } from './scan-routes.js';

export const loyaltyRoutes = {
  ...programRoutes,
  ...enrollmentRoutes,
  ...cardRoutes,
  ...pointsRoutes,
  ...rewardRoutes,
  ...redemptionRoutes,
  ...viewRoutes,
  ...scanRoutes,
  ...fraudRoutes,
};
