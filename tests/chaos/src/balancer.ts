import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A port in front of several: each connection goes to the next one that accepts it, as behind a load balancer. */
export interface Balancer {
  readonly port: number;
  close(): Promise<void>;
}

/** For websockets and other single connections: it knows nothing of what it carries. */
export async function createBalancer(targets: readonly number[]): Promise<Balancer> {
  let turn = 0;
  const open = new Set<Socket>();
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  };

  const attach = (client: Socket, attempt: number): void => {
    const target = targets[turn++ % targets.length]!;
    const server = connect(target, '127.0.0.1');
    let connected = false;
    server.on('connect', () => {
      connected = true;
      client.pipe(server).pipe(client);
    });
    server.on('error', () => {
      if (!connected && attempt < targets.length && !client.destroyed) attach(client, attempt + 1);
      else client.destroy();
    });
    server.on('close', () => {
      if (connected) client.destroy();
    });
    client.on('close', () => server.destroy());
    keep(server);
  };

  const front = createServer((client) => {
    keep(client);
    client.on('error', () => client.destroy());
    attach(client, 1);
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  return {
    port: (front.address() as AddressInfo).port,
    async close() {
      for (const socket of open) socket.destroy();
      front.close();
      await once(front, 'close');
    },
  };
}
