import { z } from 'zod';
import { defineCommand } from '../command.js';
import { idSchema, timeSchema } from '../common.js';
import { feedNameSchema, seqSchema } from '../connection.js';

const userRoom = z.strictObject({ userId: idSchema });
const orderRoom = z.strictObject({ orderId: idSchema });
/** `via`: a feed already followed that holds every entry of this one, which therefore adds nothing. */
const followed = z.strictObject({ feed: feedNameSchema, head: seqSchema.optional(), via: feedNameSchema.optional() });
const left = z.strictObject({ feed: feedNameSchema });

/** What the gateway answers itself. */
export const systemCommands = {
  subscribe: defineCommand({
    name: 'subscribe',
    summary: 'Follow a feed, from the entry after `since`, else from its head',
    payload: z.strictObject({ feed: feedNameSchema, since: seqSchema.optional() }),
    ack: followed,
  }),
  unsubscribe: defineCommand({
    name: 'unsubscribe',
    summary: 'Follow a feed no longer',
    payload: z.strictObject({ feed: feedNameSchema }),
    ack: left,
  }),
  'join-user-room': defineCommand({
    name: 'join-user-room',
    summary: 'As subscribe on `user:{userId}`',
    payload: userRoom,
    ack: followed,
  }),
  'leave-user-room': defineCommand({
    name: 'leave-user-room',
    summary: 'As unsubscribe on `user:{userId}`',
    payload: userRoom,
    ack: left,
  }),
  'join-order-room': defineCommand({
    name: 'join-order-room',
    summary: 'As subscribe on `order:{orderId}`',
    payload: orderRoom,
    ack: followed,
  }),
  'leave-order-room': defineCommand({
    name: 'leave-order-room',
    summary: 'As unsubscribe on `order:{orderId}`',
    payload: orderRoom,
    ack: left,
  }),
  authenticate: defineCommand({
    name: 'authenticate',
    summary: 'Renew the access token of the live connection; it must be of the same user and session',
    payload: z.strictObject({ token: z.string().min(1).max(4096) }),
    ack: z.strictObject({ expiresAt: timeSchema }),
  }),
  heartbeat: defineCommand({
    name: 'heartbeat',
    summary: 'Measure latency, and compare the heads of the followed feeds with what has arrived',
    payload: z.strictObject({ sentAt: z.union([z.number().min(0), timeSchema]).optional() }),
    ack: z.strictObject({ serverTime: timeSchema, heads: z.record(feedNameSchema, seqSchema) }),
  }),
};
