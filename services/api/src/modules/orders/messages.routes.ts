import { feeds, routes } from '@tidings/contracts';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { presentMessage } from './messages.presenter.js';
import type { Messages } from './messages.service.js';

export function messageRoutes(messages: Messages): RouteBinding[] {
  const contract = routes.orders;
  return [
    read(contract.listMessages, ({ caller, params, query }) => messages.list(caller, params.id, query), {
      feeds: ({ params }) => [feeds.order(params.id)],
    }),
    write(contract.sendMessage, async ({ tx, caller, params, body }) => presentMessage(await messages.send(tx, caller, params.id, body))),
    write(contract.readMessages, ({ tx, caller, params, body }) => messages.read(tx, caller, params.id, body.upTo)),
  ];
}
