import type { Metrics } from '@tidings/platform';
import type { Port } from './port.js';

export type GatewayMetrics = ReturnType<typeof createGatewayMetrics>;

/** @param connections those that are open; they are counted when the metrics are asked for */
export function createGatewayMetrics(metrics: Metrics, connections: () => Iterable<{ readonly port: Port }>) {
  return {
    connections: metrics.gauge('gateway_connections', 'Clients connected', ['transport'], async (gauge) => {
      gauge.reset();
      for (const { port } of connections()) gauge.inc({ transport: port.transport });
    }),
    feedsOpen: metrics.gauge('gateway_feeds_open', 'Feeds open on this gateway'),
    deliveries: metrics.counter('gateway_deliveries_total', 'Live entries handed to clients'),
    replayed: metrics.counter('gateway_replayed_total', 'Entries sent to clients that came back'),
    repairs: metrics.counter('gateway_repairs_total', 'Gaps of the bus that were filled from the log'),
    resets: metrics.counter('gateway_resets_total', 'Clients that were told to fetch their state anew', ['reason']),
    disconnects: metrics.counter('gateway_disconnects_total', 'Clients that have gone', ['reason']),
    requests: metrics.counter('gateway_requests_total', 'Requests for streams and polls, when they are over', ['route', 'status']),
    commands: metrics.counter('gateway_commands_total', 'Client events', ['command', 'outcome']),
  };
}
