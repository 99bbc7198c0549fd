import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import {
  badField,
  feeds,
  isAdmin,
  parsePosition,
  planPositionSchema,
  type PlanStreamQuery,
  type Position,
  positionPattern,
  Problem,
  routes,
  type StreamQuery,
} from '@tidings/contracts';
import type { Presence } from '@tidings/feed';
import type { Logger } from '@tidings/platform';
import { AddressBook } from './address-book.js';
import { anonymous, publicAccess } from './anonymous.js';
import { assertOpens, type Caller, type Callers } from './callers.js';
import { Connection, type ConnectionDeps } from './connection.js';
import { greeting } from './greeting.js';
import type { HeldTickets } from './held-tickets.js';
import type { Limits } from './limits.js';
import type { Live } from './live.js';
import type { GatewayMetrics } from './metrics.js';
import { originFor } from './origin.js';
import type { Registry } from './registry.js';
import { namedEvents, planMessages, unnamedEvents } from './transports/formats.js';
import { sendJson, type Call, type Serve } from './transports/http.js';
import { Place } from './transports/place.js';
import { StreamPort, type StreamFormat } from './transports/sse.js';

export interface StreamsDeps {
  callers: Callers;
  tickets: HeldTickets;
  registry: Registry;
  limits: Limits;
  presence: Presence;
  connection: ConnectionDeps;
  logger: Logger;
  metrics: GatewayMetrics;
  clients: Set<Live>;
  maxBufferedBytes: number;
  /** A proxy that hears nothing for a minute closes: every stream hears something this often. */
  beatMs: number;
  /** Streams without a login, of one address. */
  maxAnonymous: number;
  gatewayId: string;
}

export interface Streams {
  serve: Readonly<Record<string, Serve>>;
  start(): void;
  stop(): void;
}

interface Wish {
  named: readonly string[];
  position: Position;
  /** It showed a `Last-Event-ID`, so it has been served before. */
  isBack: boolean;
  format: StreamFormat;
}

const beatSlots = 15;

/** Server-sent events: who may, where from, and a port for a connection like any other. */
export function createStreams(deps: StreamsDeps): Streams {
  const { callers, limits, clients, metrics, registry, tickets } = deps;
  const addresses = new AddressBook(deps.maxAnonymous);
  // In turns, so that thousands are not written to at once.
  const slots = Array.from({ length: beatSlots }, () => new Set<StreamPort>());
  let slot = 0;
  let timer: NodeJS.Timeout | undefined;
  let opened = 0;

  const open = async (call: Call, caller: Caller, { named, position, isBack, format }: Wish): Promise<void> => {
    const { req, res, address, refuse } = call;
    const { principal, ticket, expiresAt } = caller;
    const isAnonymous = principal === anonymous;
    await limits.consume('stream', isAnonymous ? address : principal.userId);
    if (call.isHead)
      return void res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform' }).end();
    if (res.destroyed) return; // gone while it was asked who it is: its end would not be heard any more
    if (isAnonymous) addresses.enter(address);
    else registry.assertRoom(principal.userId);

    const place = new Place(named, position);
    const id = `${deps.gatewayId}_${randomBytes(15).toString('base64url')}`;
    const beats = slots[opened++ % beatSlots]!;
    let isOver = false;
    const onEnd = (): void => {
      if (isOver) return;
      isOver = true;
      connection.close();
      registry.remove(connection);
      if (ticket) tickets.giveBack(ticket, port);
      if (isAnonymous) addresses.leave(address);
      beats.delete(port);
      clients.delete(live);
      metrics.disconnects.inc({ reason: port.ended ?? 'client-gone' });
    };
    const port = new StreamPort({ id, req, res, place, format, maxBufferedBytes: deps.maxBufferedBytes, refuse, onEnd });
    const connection = new Connection(
      port,
      principal,
      isAnonymous ? { ...deps.connection, access: publicAccess } : deps.connection,
      originFor(principal, address, req.headers['user-agent']),
    );
    const live: Live = { connection, expiresAt, renews: false };
    res.once('close', onEnd);
    clients.add(live);
    beats.add(port);
    try {
      if (ticket) await tickets.take(ticket, port, { again: isBack });
      if (isOver) {
        if (ticket) tickets.giveBack(ticket, port); // gone while it was taken
        return;
      }
      if (!isAnonymous) await registry.add(connection);
      const { replayed } = await connection.begin({ named, ...place.start, hello: isAnonymous ? {} : greeting(principal) });
      replayed.catch(() => port.end('failed'));
    } catch (error) {
      if (isOver) return; // the client has gone meanwhile
      onEnd();
      throw error;
    }
  };

  const stream: Serve = async (call) => {
    const query = call.query as StreamQuery;
    assertAccepted(call);
    const caller = await callers.of(call.req, query.ticket);
    if (caller.principal === anonymous) throw new Problem('unauthenticated');
    assertOpens(caller.ticket, query.feeds);
    const last = lastEventId(call.req, (text) => positionPattern.test(text));
    const back = last === undefined ? query.lastEventId : parsePosition(last);
    const position = back ?? query.cursors ?? { epoch: undefined, cursors: [] };
    assertFits(position, query.feeds);
    const format = query.unnamed ? unnamedEvents : namedEvents;
    await open(call, caller, { named: query.feeds, position, isBack: back !== undefined, format });
  };

  const plans: Serve = async (call) => {
    const query = call.query as PlanStreamQuery;
    assertAccepted(call);
    const caller = await callers.of(call.req, query.ticket);
    const feed = isAdmin(caller.principal.roles) ? feeds.plansAdmin : query.planId === undefined ? feeds.plans : feeds.plan(query.planId);
    assertOpens(caller.ticket, [feed]);
    const last = lastEventId(call.req, (text) => planPositionSchema.safeParse(text).success) ?? query.lastEventId;
    const format = planMessages(feed, query.planId);
    await open(call, caller, { named: [feed], position: planPosition(last, feed), isBack: last !== undefined, format });
  };

  const count: Serve = async ({ res, isHead }) => {
    const gateways = await deps.presence.gateways().catch((error: unknown) => {
      throw new Problem('unavailable', 'Nobody knows now', { cause: error, retryAfterSeconds: 5 });
    });
    const open = gateways.reduce((sum, { byTransport }) => sum + (byTransport['plans-sse'] ?? 0), 0);
    sendJson(res, JSON.stringify({ count: open }), isHead);
  };

  return {
    serve: {
      [routes.feeds.stream.name]: stream,
      [routes.feeds.subscribeToPlans.name]: plans,
      [routes.feeds.countPlanSubscribers.name]: count,
    },
    start() {
      timer = setInterval(() => {
        slot = (slot + 1) % beatSlots;
        for (const port of slots[slot]!) port.beat();
      }, deps.beatMs / beatSlots);
    },
    stop() {
      clearInterval(timer);
    },
  };
}

/** @throws Problem `not-acceptable` */
function assertAccepted({ req }: Call): void {
  const { accept } = req.headers;
  if (accept !== undefined && !/\*\/\*|text\/\*|text\/event-stream/i.test(accept))
    throw new Problem('not-acceptable', 'This is a stream of events: accept text/event-stream');
}

/** As a client sends it that comes back; empty, as some send it at first, is none. @throws Problem `bad-request` */
function lastEventId(req: IncomingMessage, fits: (text: string) => boolean): string | undefined {
  const given = req.headers['last-event-id'];
  if (given === undefined || given === '') return undefined;
  if (typeof given === 'string' && fits(given)) return given;
  throw new Problem('bad-request', 'Last-Event-ID is not an id of this stream');
}

/** @throws Problem `bad-request` */
export function assertFits({ cursors }: Position, named: readonly string[]): void {
  if (cursors.length === 0 || cursors.length === named.length) return;
  throw badField('cursors', `must have one for each of the ${named.length} feeds`);
}

/** One of another feed (somebody who has become an administrator, or is none any more) says nothing of this one: it is fetched anew. */
function planPosition(last: string | undefined, feed: string): Position {
  if (last === undefined) return { epoch: undefined, cursors: [] };
  const at = last.indexOf('@');
  const of = at === -1 ? undefined : last.slice(0, at);
  const { epoch, cursors } = parsePosition(last.slice(at + 1));
  return of === (feed === feeds.plansAdmin ? feed : undefined) ? { epoch, cursors } : { epoch: 'another-feed', cursors };
}
