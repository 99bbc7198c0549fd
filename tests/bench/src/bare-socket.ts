import { connect, type Socket } from 'node:net';

/** What is the same of the light clients: a TCP socket, whether its greeting has come, and why it ended. */
export interface BareSocket {
  socket: Socket;
  connected: Promise<void>;
  /** The greeting has come. */
  greeted(): void;
  fail(reason: string): void;
  /** Says nothing to `onEnd`. */
  close(): void;
}

/** @param greet the request, written as soon as there is a connection */
export function openBareSocket(port: number, { greet, onEnd }: { greet: string; onEnd: (reason: string) => void }): BareSocket {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  let settle: { resolve: () => void; reject: (reason: Error) => void } | undefined;
  const connected = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const fail = (reason: string): void => {
    settle?.reject(new Error(reason));
    settle = undefined;
    onEnd(reason);
    socket.destroy();
  };
  socket.on('connect', () => socket.write(greet));
  socket.on('error', (error) => fail(error.message));
  socket.on('close', () => fail('the connection ended'));
  return {
    socket,
    connected,
    greeted() {
      settle?.resolve();
      settle = undefined;
    },
    fail,
    close() {
      socket.removeAllListeners('close');
      socket.destroy();
    },
  };
}
