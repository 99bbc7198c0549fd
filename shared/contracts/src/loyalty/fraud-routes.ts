import { listOf } from '../common.js';
import { defineRoute } from '../route.js';
import { fraudAlertSchema, fraudAlertsQuery } from './fraud.js';

export const fraudRoutes = {
  listFraudAlerts: defineRoute({
    name: 'listFraudAlerts',
    method: 'get',
    path: '/api/admin/fraud-alerts',
    summary: 'What went past a limit of scans or of points by hand, newest first; of a business, or of a kind',
    tag: 'loyalty',
    access: ['admin', 'superadmin'],
    query: fraudAlertsQuery,
    status: 200,
    response: listOf(fraudAlertSchema),
  }),
};
