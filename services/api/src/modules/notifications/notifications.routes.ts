import { feeds, routes } from '@tidings/contracts';
import { presentNotification } from '@tidings/feed';
import { read, write, type RouteBinding } from '../../http/bind.js';
import type { Notifications } from './notifications.service.js';

export function notificationRoutes(notifications: Notifications): RouteBinding[] {
  const contract = routes.notifications;
  return [
    read(
      contract.list,
      async ({ caller, query }) => {
        const { page, nextCursor } = await notifications.list(caller.userId, query);
        return { items: page.map(presentNotification), nextCursor };
      },
      { feeds: ({ caller }) => [feeds.user(caller.userId)] },
    ),
    write(contract.readAll, ({ tx, caller }) => notifications.readAll(tx, caller.userId)),
    write(contract.read, async ({ tx, caller, params }) => presentNotification(await notifications.read(tx, caller.userId, params.id))),
  ];
}
