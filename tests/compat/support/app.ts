import { io, type Socket } from 'socket.io-client';
import { waitFor } from '@tidings/testing';

export type Payload = Record<string, unknown>;

/**
 * The festival app as it is out there: the stock client with `auth: { token, userId }` and no other option, and what its React hooks do with it.
 * It knows nothing of cursors, feeds or acknowledgements.
 */
export interface App {
  socket: Socket;
  userId: string;
  /** `useSocket(userId, true)` */
  isConnected(): boolean;
  emitEvent(event: string, data?: Payload): void;
  useBalanceUpdates(userId: string, callback: (balanceData: Payload) => void): void;
  useNotifications(userId: string, callback: (eventType: string, data: Payload) => void): void;
  /** Everything that came, for the tests. */
  received: { event: string; data: Payload }[];
  of(event: string): Payload[];
  event(event: string, condition?: (data: Payload) => boolean): Promise<Payload>;
  /** With a callback, as newer apps emit. */
  call(event: string, data?: Payload): Promise<Payload>;
  close(): void;
}

/** The events that the app's `useNotifications` hands on. */
const notificationEvents = ['new-notification', 'order-ready', 'order-status-changed', 'new-order', 'payment-completed'];

export function openApp(url: string, { token, id: userId }: { token: string; id: string }): App {
  const socket = io(url, { auth: { token, userId } });
  const received: App['received'] = [];
  socket.onAny((event: string, data: Payload = {}) => received.push({ event, data }));
  return {
    socket,
    userId,
    received,
    isConnected: () => socket.connected,
    emitEvent: (event, data) => void (data === undefined ? socket.emit(event) : socket.emit(event, data)),
    useBalanceUpdates(of, callback) {
      socket.on('balance-updated', (data: Payload) => {
        if (data['userId'] === of) callback(data);
      });
    },
    useNotifications(of, callback) {
      for (const event of notificationEvents) {
        socket.on(event, (data: Payload) => {
          if (data['userId'] === undefined || data['userId'] === of) callback(event, data);
        });
      }
    },
    of: (event) => received.filter((one) => one.event === event).map(({ data }) => data),
    event: (event, condition = () => true) =>
      waitFor(`${event} in the app`, () => received.find((one) => one.event === event && condition(one.data))?.data),
    call: async (event, data) =>
      (await (data === undefined ? socket.timeout(30_000).emitWithAck(event) : socket.timeout(30_000).emitWithAck(event, data))) as Payload,
    close: () => void socket.disconnect(),
  };
}

/** Open, and greeted. */
export async function connectApp(url: string, account: { token: string; id: string }): Promise<App> {
  const app = openApp(url, account);
  await app.event('connected');
  return app;
}

/** The refusal that a connection meets: `data` of `connect_error`. */
export async function refusalOf(url: string, auth: object): Promise<Payload> {
  const socket = io(url, { auth });
  try {
    return await new Promise((resolve, reject) => {
      socket.once('connect', () => reject(new Error('It was let in')));
      socket.once('connect_error', (error) => resolve((error as Error & { data: Payload }).data));
    });
  } finally {
    socket.disconnect();
  }
}
