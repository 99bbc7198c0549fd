import { badRequest, commandCatalogue, feeds, Problem, type CommandDefinition, type ForwardedCall } from '@tidings/contracts';
import { newId, type Logger } from '@tidings/platform';
import type { Authenticator } from './authenticate.js';
import type { Followed } from './connection.js';
import type { Editing } from './editing.js';
import type { Forward } from './forward.js';
import type { LimitKind, Limits } from './limits.js';
import type { Live } from './live.js';
import type { GatewayMetrics } from './metrics.js';
import type { Typing, WritingIn } from './typing.js';

/** A connection with what commands need beside it. */
export interface Client extends Live {
  token: string;
  /** The network address of the client. */
  readonly address: string;
  /** Until `connected` was sent; what the client asks for meanwhile waits for it. */
  ready?: Promise<void> | undefined;
}

export interface Commands {
  /** Does a client event and answers by its ack, or by `error` when it has none. Events of a client are done one after another. */
  handle(client: Client, event: string, args: unknown[]): void;
  /** The client has gone. */
  left(client: Client): void;
}

interface CommandsDeps {
  authenticator: Authenticator;
  forward: Forward;
  limits: Limits;
  typing: Typing;
  editing: Editing;
  logger: Logger;
  metrics: GatewayMetrics;
}

type Fields = Record<string, unknown>;
type Local = (client: Client, payload: Fields) => Promise<Fields>;
type Ack = (answer: Fields) => void;

const catalogue: Readonly<Record<string, CommandDefinition>> = commandCatalogue;
const subscriptions = new Set(['subscribe', 'unsubscribe', 'join-user-room', 'leave-user-room', 'join-order-room', 'leave-order-room']);
/** Allowed with a token that has expired. */
const tokenless = new Set(['authenticate', 'heartbeat']);
/** A client that sends faster than its events are done is told so, before it fills the memory. */
const maxQueued = 100;

export function createCommands({ authenticator, forward, limits, typing, editing, logger, metrics }: CommandsDeps): Commands {
  const queues = new WeakMap<Client, { length: number; tail: Promise<void> }>();

  const follow = async ({ connection }: Client, feed: string, since?: number): Promise<Fields> => ({
    ...(await connection.follow(feed, since)),
  });
  const unfollow = async ({ connection }: Client, feed: string): Promise<Fields> => {
    await connection.unfollow(feed);
    return { feed };
  };
  const call = async (client: Client, request: ForwardedCall | undefined, idempotencyKey?: string): Promise<Fields> => {
    if (!request) throw new Problem('bad-request', 'This event is not available');
    return forward(request, { token: client.token, address: client.address, userAgent: client.connection.from?.userAgent, idempotencyKey });
  };

  const local: Readonly<Record<string, Local>> = {
    subscribe: (client, { feed, since }) => follow(client, feed as string, since as number | undefined),
    unsubscribe: (client, { feed }) => unfollow(client, feed as string),
    'join-user-room': (client, { userId }) => follow(client, feeds.user(userId as string)),
    'leave-user-room': (client, { userId }) => unfollow(client, feeds.user(userId as string)),
    'join-order-room': (client, { orderId }) => follow(client, feeds.order(orderId as string)),
    'leave-order-room': (client, { orderId }) => unfollow(client, feeds.order(orderId as string)),

    async 'track-my-orders'(client) {
      const page = await call(client, commandCatalogue['track-my-orders'].forward?.({}));
      const followed: Followed[] = [];
      for (const { id } of page['items'] as { id: string }[]) followed.push(await client.connection.follow(feeds.order(id)));
      return { ...page, feeds: followed.map(({ feed, via }) => (via === undefined ? { feed } : { feed, via })) };
    },

    async 'refresh-balance'(client) {
      const wallet = await call(client, commandCatalogue['refresh-balance'].forward?.({}));
      const { userId, balance, held, currency, version } = wallet;
      client.connection.port.emit('balance-updated', {
        userId,
        newBalance: balance,
        oldBalance: balance,
        amount: 0,
        held,
        currency,
        reason: 'refresh',
        version,
      });
      return wallet;
    },

    async authenticate(client, { token }) {
      const { connection } = client;
      const identity = await authenticator.renew(token as string, connection.principal);
      connection.principal = identity.principal;
      client.token = token as string;
      client.expiresAt = identity.expiresAt;
      client.warned = false;
      await connection.accessChanged();
      return { expiresAt: new Date(identity.expiresAt).toISOString() };
    },

    async typing({ connection }, place) {
      await typing(connection.principal, place as WritingIn);
      return {};
    },

    'plan-editing': async ({ connection }, { planId, open }) => ({
      editors: await editing.set(connection, planId as string, open as boolean),
    }),

    async heartbeat({ connection }) {
      return { serverTime: new Date().toISOString(), heads: connection.heads() };
    },
  };

  const perform = async (client: Client, event: string, args: readonly unknown[]): Promise<Fields> => {
    const { userId } = client.connection.principal;
    await limits.consume(limitOf(event), userId);
    const definition = Object.hasOwn(catalogue, event) ? catalogue[event] : undefined;
    if (!definition) throw new Problem('bad-request', 'There is no such event');
    if (args.length > 1) throw new Problem('bad-request', 'An event takes one payload');
    const parsed = definition.payload.safeParse(args[0] ?? {});
    if (!parsed.success) throw badRequest(parsed.error);
    if (Date.now() >= client.expiresAt && !tokenless.has(event)) throw new Problem('token-expired');
    const payload = parsed.data as Fields;
    const handler = Object.hasOwn(local, event) ? local[event] : undefined;
    if (handler) return handler(client, payload);
    return call(client, definition.forward?.(payload), payload['idempotencyKey'] as string | undefined);
  };

  const run = async (client: Client, event: string, args: unknown[], ack: Ack | undefined): Promise<void> => {
    const name = Object.hasOwn(catalogue, event) ? event : 'unknown';
    try {
      const fields = await perform(client, event, args);
      metrics.commands.inc({ command: name, outcome: 'ok' });
      ack?.({ ok: true, ...fields });
    } catch (error) {
      const problem = toProblem(error, event);
      metrics.commands.inc({ command: name, outcome: problem.code });
      refuse(client, problem, ack);
    }
  };

  const toProblem = (error: unknown, event: string): Problem => {
    if (error instanceof Problem) return error;
    const errorId = newId();
    logger.error({ err: error, event, errorId }, 'A client event failed');
    return new Problem('internal', undefined, { errorId, cause: error });
  };

  const refuse = (client: Client, problem: Problem, ack: Ack | undefined): void => {
    const { code, message, errors, extra } = problem;
    const error = { code, message, ...(errors ? { errors } : {}), ...extra };
    if (ack) ack({ ok: false, error });
    else client.connection.port.emit('error', error);
  };

  return {
    left: ({ connection }) => editing.leave(connection),
    handle(client, event, args) {
      const last = args.at(-1);
      const ack = typeof last === 'function' ? (last as Ack) : undefined;
      const given = ack ? args.slice(0, -1) : args;
      const queue = queues.get(client) ?? { length: 0, tail: client.ready ?? Promise.resolve() };
      if (queue.length >= maxQueued) {
        refuse(client, new Problem('rate-limited', 'Wait for the answers to earlier events'), ack);
        return;
      }
      queue.length++;
      queue.tail = queue.tail
        .then(() => (client.connection.closed ? undefined : run(client, event, given, ack)))
        .finally(() => {
          queue.length--;
        });
      queues.set(client, queue);
    },
  };
}

function limitOf(event: string): LimitKind {
  if (event === 'heartbeat' || event === 'typing') return event;
  if (event === 'plan-editing') return 'typing';
  return subscriptions.has(event) ? 'subscription' : 'command';
}
