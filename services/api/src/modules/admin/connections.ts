import type { ConnectionCounts, Connections, GatewayReport } from '@tidings/contracts';
import type { Presence } from '@tidings/feed';
import type { Logger } from '@tidings/platform';

/** What the gateways last said of themselves. Without Redis nothing is known, which the answer says; it is no error. */
export async function readConnections(
  { presence, logger }: { presence: Presence; logger: Logger },
  userId: string | undefined,
): Promise<Connections> {
  try {
    const gateways = await presence.gateways();
    const totals = gateways.reduce(sum, nothing);
    if (userId === undefined) return { degraded: false, gateways, totals };
    const found = await presence.connectionsOf(
      userId,
      gateways.map(({ id }) => id),
    );
    const at = [...found].map(([id, connections]) => ({ id, connections }));
    return { degraded: false, gateways, totals, user: { userId, connected: at.length > 0, gateways: at } };
  } catch (error) {
    logger.warn({ reason: String(error) }, 'The connections of the gateways are not known');
    return { degraded: true, gateways: [], totals: nothing };
  }
}

const nothing: ConnectionCounts = { connections: 0, users: 0, byUserType: {}, byRole: {}, byTransport: {} };

function sum(total: ConnectionCounts, one: GatewayReport): ConnectionCounts {
  return {
    connections: total.connections + one.connections,
    users: total.users + one.users,
    byUserType: added(total.byUserType, one.byUserType),
    byRole: added(total.byRole, one.byRole),
    byTransport: added(total.byTransport, one.byTransport),
  };
}

function added<Name extends string>(a: Partial<Record<Name, number>>, b: Partial<Record<Name, number>>): Record<Name, number> {
  const names = new Set([...Object.keys(a), ...Object.keys(b)] as Name[]);
  return Object.fromEntries([...names].map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)])) as Record<Name, number>;
}
