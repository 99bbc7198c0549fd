import type { z } from 'zod';

/** The HTTP call that a client event stands for. The gateway makes it with the user's own token. */
export interface ForwardedCall {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  body?: unknown;
}

/**
 * A client → server Socket.IO event. With `forward` the gateway calls the API and acks `{ ok: true, ...answer }`;
 * without, the gateway answers it itself (rooms, heartbeat, authenticate).
 */
export interface CommandDefinition<Name extends string = string, Payload extends z.ZodType = z.ZodType, Ack extends z.ZodType = z.ZodType> {
  readonly name: Name;
  readonly summary: string;
  /** Strict. Every forwarded write also takes an optional `idempotencyKey`. */
  readonly payload: Payload;
  /** Fields of a successful ack beside `ok: true`. */
  readonly ack: Ack;
  forward?(payload: z.output<Payload>): ForwardedCall;
}

export function defineCommand<const Name extends string, Payload extends z.ZodType, Ack extends z.ZodType>(
  definition: CommandDefinition<Name, Payload, Ack>,
): CommandDefinition<Name, Payload, Ack> {
  return definition;
}
