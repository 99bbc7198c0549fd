import { defineRoute } from '../route.js';
import {
  planStreamQuery,
  planSubscribersSchema,
  pollAnswerSchema,
  pollQuery,
  streamQuery,
  ticketAnswerSchema,
  ticketBody,
} from './schemas.js';

const tag = 'feeds';
const media = ['text/event-stream'] as const;
const poll = {
  tag,
  path: '/api/feeds/poll',
  access: 'user',
  who: 'For each feed, whoever may follow it. The same as GET and as POST, which no cache may answer.',
  query: pollQuery,
  status: 200,
  response: pollAnswerSchema,
  at: 'gateway',
} as const;

/** Beside Socket.IO, the ways to follow feeds. See docs/streams.md. */
export const streamRoutes = {
  stream: defineRoute({
    name: 'streamFeeds',
    method: 'get',
    path: '/api/feeds/stream',
    summary: 'The events of some feeds as server-sent events',
    tag,
    access: 'user',
    who: 'For each feed, whoever may follow it. Or with `?ticket=` in place of the login.',
    query: streamQuery,
    status: 200,
    media,
    errors: ['not-acceptable', 'ticket-used'],
    at: 'gateway',
  }),
  poll: defineRoute({
    ...poll,
    name: 'pollFeeds',
    method: 'get',
    summary: 'What has come to some feeds since, at once or within `wait` seconds',
  }),
  pollByPost: defineRoute({
    ...poll,
    name: 'pollFeedsByPost',
    method: 'post',
    summary: 'What has come to some feeds since, at once or within `wait` seconds',
  }),
  createTicket: defineRoute({
    name: 'createFeedTicket',
    method: 'post',
    path: '/api/feeds/tickets',
    summary: 'A ticket for one live stream and its reconnects: for EventSource, which sends no headers',
    tag,
    access: 'user',
    body: ticketBody,
    status: 201,
    response: ticketAnswerSchema,
  }),
  subscribeToPlans: defineRoute({
    name: 'subscribeToPlans',
    method: 'get',
    path: '/api/plans/subscribe',
    summary: 'Changes of plans as server-sent events without names: `{ type, planId, planData, timestamp }`',
    tag: 'plans',
    access: 'optional',
    who: 'With the login or the ticket of an administrator, it also tells who made the change.',
    query: planStreamQuery,
    status: 200,
    media,
    errors: ['not-acceptable', 'ticket-used'],
    at: 'gateway',
  }),
  countPlanSubscribers: defineRoute({
    name: 'countPlanSubscribers',
    method: 'get',
    path: '/api/plans/subscribers',
    summary: 'How many plan streams are open, over all gateways',
    tag: 'plans',
    access: 'public',
    status: 200,
    response: planSubscribersSchema,
    at: 'gateway',
  }),
};
