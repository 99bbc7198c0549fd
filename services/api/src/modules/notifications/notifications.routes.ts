import { feeds, routes } from '@tidings/contracts';
import { presentNotification } from '@tidings/feed';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import type { Notifications } from './notifications.service.js';

export function notificationRoutes(notifications: Notifications): RouteBinding[] {
  const contract = routes.notifications;
  return [
    read(contract.list, async ({ caller, query }) => presentPage(await notifications.list(caller.userId, query), presentNotification), {
      feeds: ({ caller }) => [feeds.user(caller.userId)],
    }),
    write(contract.act, async ({ tx, caller, params }) =>
      presentNotification(await notifications.act(tx, caller, params.id, params.action)),
    ),
    write(contract.readAll, ({ tx, caller }) => notifications.readAll(tx, caller.userId)),
    write(contract.read, async ({ tx, caller, params }) => presentNotification(await notifications.read(tx, caller.userId, params.id))),
  ];
}
