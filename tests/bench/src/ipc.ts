/** Requests from the benchmark's main process to a process that it started, over Node's IPC channel. */
export type Handlers = Record<string, (argument: never) => unknown>;

interface Request {
  id: number;
  name: string;
  argument: unknown;
}

export interface Reply {
  id: number;
  result?: unknown;
  error?: string;
}

/** Answers the parent's requests; the process ends with its parent. */
export function serveRequests(handlers: Handlers): void {
  process.on('message', ({ id, name, argument }: Request) => {
    const answer = async (): Promise<unknown> => handlers[name]?.(argument as never);
    answer().then(
      (result) => process.send?.({ id, result }),
      (error: unknown) => process.send?.({ id, error: String(error instanceof Error ? error.stack : error) }),
    );
  });
  process.once('disconnect', () => process.exit(0));
}
