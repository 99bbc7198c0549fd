import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A network between clients and a server, which can be cut. */
export interface TcpProxy {
  url: string;
  /** Connections that clients have through it. */
  connections(): number;
  /**
   * Clients lose their connections and get no new ones. The server hears nothing of it: its ends of the connections stay, and what it sends on
   * them is gone.
   */
  cut(): void;
  restore(): void;
  stop(): Promise<void>;
}

export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const clients = new Set<Socket>();
  const servers = new Set<Socket>();
  let isCut = false;
  const server = createServer((client) => {
    if (isCut) return void client.destroy();
    const upstream = connect(Number(port), hostname);
    clients.add(client);
    servers.add(upstream);
    let isLost = false;
    client.on('data', (bytes) => upstream.write(bytes));
    upstream.on('data', (bytes) => void (isLost || client.write(bytes)));
    client.on('close', () => {
      clients.delete(client);
      isLost = true;
      if (!isCut) upstream.destroy();
    });
    upstream.on('close', () => {
      servers.delete(upstream);
      client.destroy();
    });
    for (const end of [client, upstream]) end.on('error', () => end.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => clients.size,
    cut() {
      isCut = true;
      for (const client of clients) client.destroy();
    },
    restore() {
      isCut = false;
    },
    async stop() {
      for (const end of [...clients, ...servers]) end.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
