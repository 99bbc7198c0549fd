import { z } from 'zod';
import { deviceIdSchema, idSchema } from './common.js';
import { fieldErrorSchema } from './errors.js';
import { planEditingSchema } from './plans/editors.js';
import { roleSchema, userTypes } from './roles.js';
import type { EventType, ServerEvent } from './events.js';

/** The form only; `isFeedName` and the rights decide whether it may be followed. */
export const feedNameSchema = z
  .string()
  .regex(/^[a-z]+(?::[A-Za-z0-9_-]{1,64}(?::[a-z]+)?)?$/, 'must be a feed')
  .max(100);
export const seqSchema = z.int().min(0);
export const epochSchema = z.string().min(1).max(64);

export const maxCursors = 200;
/** Feeds that one connection follows beside its own ones. */
export const maxFollowed = 500;

/** Feed → the last `seq` that was seen. Those beyond the own feeds are followed too. */
export const cursorsSchema = z
  .record(feedNameSchema, seqSchema)
  .refine((cursors) => Object.keys(cursors).length <= maxCursors, `at most ${maxCursors} cursors`);

/** What a Socket.IO client gives as `auth`. */
export const handshakeSchema = z.strictObject({
  token: z.string().min(1).max(4096),
  userId: idSchema.optional(),
  deviceId: deviceIdSchema.optional(),
  epoch: epochSchema.optional(),
  cursors: cursorsSchema.optional(),
});
export type Handshake = z.output<typeof handshakeSchema>;

/** The first message of a connection; `feeds` tells the heads of what it follows. */
export const connectedSchema = z.strictObject({
  userId: idSchema,
  userType: z.enum(userTypes),
  roles: z.array(roleSchema),
  message: z.string(),
  epoch: epochSchema,
  feeds: z.record(feedNameSchema, seqSchema),
});
export type Connected = z.output<typeof connectedSchema>;

/** A cursor that cannot be resumed: fetch the state anew, and go on from `head`. */
export const feedResetSchema = z.strictObject({ feed: feedNameSchema, epoch: epochSchema, head: seqSchema, reason: z.string() });
export type FeedReset = z.output<typeof feedResetSchema>;

/** Of a client event without a callback; with one, the ack has it. */
export const socketErrorSchema = z.strictObject({
  code: z.string(),
  message: z.string(),
  /** The fields at fault, of `bad-request`. */
  errors: z.array(fieldErrorSchema).optional(),
  /** Of `version-mismatch`: the document as it is now. */
  current: z.unknown().optional(),
  /** Of `internal`: the id under which the log has the cause. */
  errorId: z.string().optional(),
  /** Seconds to wait before the next attempt, of `rate-limited` and `unavailable`. */
  retryAfterSeconds: z.int().min(1).optional(),
});
export type SocketError = z.output<typeof socketErrorSchema>;

/** Of an order or of a conversation. */
export const typingSchema = z.strictObject({ orderId: idSchema.optional(), conversationId: idSchema.optional(), userId: idSchema });

/** Messages to one connection: in no feed, without `meta`. */
export const connectionMessages = {
  connected: { summary: 'The connection is accepted', data: connectedSchema },
  'feed-reset': { summary: 'A cursor cannot be resumed: fetch the state anew, go on from `head`', data: feedResetSchema },
  error: { summary: 'A client event without a callback failed', data: socketErrorSchema },
  typing: { summary: 'The other party is writing', data: typingSchema },
  'plan-editing': { summary: 'Who has a plan open has changed; administrators are told', data: planEditingSchema },
} as const;
export type ConnectionMessage = keyof typeof connectionMessages;

export const ackErrorSchema = z.strictObject({ ok: z.literal(false), error: socketErrorSchema });
export type AckError = z.output<typeof ackErrorSchema>;

/** A failed ack, or `ok` with the fields that the command declares. */
export type Ack<Answer> = ({ ok: true } & Answer) | AckError;

/** For `Server<ClientToServerEvents, ServerToClientEvents>` and for clients. */
export type ServerToClientEvents = {
  [T in EventType]: (event: ServerEvent<T>) => void;
} & {
  [M in ConnectionMessage]: (message: z.output<(typeof connectionMessages)[M]['data']>) => void;
};
