import { userType, type ConnectionCounts } from '@tidings/contracts';
import type { Presence } from '@tidings/feed';
import type { Logger } from '@tidings/platform';
import { anonymous } from './anonymous.js';
import type { Connection } from './connection.js';

export interface Counts {
  start(): void;
  stop(): Promise<void>;
}

/**
 * Says every few seconds who is connected here, for administrators. It looks at the connections as they are then: connecting and delivering
 * cost nothing more for it.
 */
export function createCounts(options: {
  presence: Presence;
  gatewayId: string;
  connections: () => Iterable<Connection>;
  logger: Logger;
  intervalMs: number;
}): Counts {
  const { presence, gatewayId, connections, logger, intervalMs } = options;
  const startedAt = new Date().toISOString();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  const say = async (): Promise<void> => {
    const { counts, users } = countAll(connections());
    await presence.report({ id: gatewayId, startedAt, at: new Date().toISOString(), ...counts }, users);
  };
  const report = (error: unknown): void => logger.debug({ reason: String(error) }, 'The counts of connections were not written');

  return {
    start() {
      const tick = () => {
        running = say().catch(report);
        void running.finally(() => {
          if (timer) timer = setTimeout(tick, intervalMs);
        });
      };
      timer = setTimeout(tick, 0);
    },
    async stop() {
      clearTimeout(timer);
      timer = undefined;
      await running;
      await presence.leave(gatewayId).catch(report);
    },
  };
}

function countAll(connections: Iterable<Connection>): { counts: ConnectionCounts; users: Map<string, number> } {
  const users = new Map<string, number>();
  const counts = { connections: 0, users: 0, byUserType: {}, byRole: {}, byTransport: {} };
  for (const { principal, port } of connections) {
    counts.connections++;
    add(counts.byTransport, port.transport);
    if (principal === anonymous) continue;
    users.set(principal.userId, (users.get(principal.userId) ?? 0) + 1);
    add(counts.byUserType, userType(principal.roles));
    for (const role of principal.roles) add(counts.byRole, role);
  }
  return { counts: { ...counts, users: users.size }, users };
}

function add(record: Record<string, number>, name: string): void {
  record[name] = (record[name] ?? 0) + 1;
}
