/** Resolves after `ms`, or at once when the signal is given. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/**
 * What `work` resolves to, for those who must not wait for a server that is away.
 * @throws Error when `ms` have passed; the work itself goes on
 */
export async function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  try {
    return await Promise.race([
      work(),
      pause(ms, over.signal).then((): never => {
        throw new Error(`no answer within ${ms} ms`);
      }),
    ]);
  } finally {
    over.abort();
  }
}
