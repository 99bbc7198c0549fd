import { randomBytes } from 'node:crypto';
import { type PollQuery, Problem, routes } from '@tidings/contracts';
import { anonymous } from './anonymous.js';
import type { Callers } from './callers.js';
import { Connection, type ConnectionDeps } from './connection.js';
import { greeting } from './greeting.js';
import type { Limits } from './limits.js';
import type { Live } from './live.js';
import { originFor } from './origin.js';
import type { Registry } from './registry.js';
import { assertFits } from './streams.js';
import { sendJson, type Serve } from './transports/http.js';
import { Place } from './transports/place.js';
import { PollPort } from './transports/poll.js';

export interface PollsDeps {
  callers: Callers;
  registry: Registry;
  limits: Limits;
  connection: ConnectionDeps;
  /** Those that wait for their answer. */
  waiting: Set<Live>;
  gatewayId: string;
}

const defaultWaitSeconds = 25;

/**
 * Long-poll: a connection that lives for one request. Nothing is kept from one to the next but the hub, which lingers; where the client was,
 * it says itself.
 */
export function createPolls(deps: PollsDeps): Readonly<Record<string, Serve>> {
  const { callers, registry, limits, waiting } = deps;
  const poll: Serve = async ({ req, res, query, isHead, address, refuse }) => {
    const { feeds, cursors, wait = defaultWaitSeconds } = query as PollQuery;
    const { principal, expiresAt } = await callers.of(req);
    if (principal === anonymous) throw new Problem('unauthenticated');
    await limits.consume('poll', principal.userId);
    const position = cursors ?? { epoch: undefined, cursors: [] };
    assertFits(position, feeds);
    if (res.destroyed) return; // gone meanwhile
    registry.assertRoom(principal.userId);

    const place = new Place(feeds, position);
    const id = `${deps.gatewayId}_${randomBytes(15).toString('base64url')}`;
    const port = new PollPort(id, place, isHead ? 0 : wait * 1_000);
    const connection = new Connection(port, principal, deps.connection, originFor(principal, address, req.headers['user-agent']));
    const live: Live = { connection, expiresAt, renews: false };
    waiting.add(live);
    res.once('close', () => port.finish());
    try {
      await registry.add(connection);
      const { replayed } = await connection.begin({ named: feeds, ...place.start, hello: greeting(principal) });
      replayed.then(
        () => port.replayed(),
        () => port.end('failed'),
      );
      const answer = await port.answer;
      if (res.destroyed) return;
      // To another gateway the next time.
      if (port.ended === 'draining') res.setHeader('connection', 'close');
      if (answer instanceof Problem) refuse(answer);
      else sendJson(res, answer, isHead);
    } finally {
      port.finish();
      connection.close();
      registry.remove(connection);
      waiting.delete(live);
    }
  };
  return { [routes.feeds.poll.name]: poll, [routes.feeds.pollByPost.name]: poll };
}
