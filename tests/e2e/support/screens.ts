import { pause } from '@tidings/platform';
import { connectClient, waitFor, type Account } from '@tidings/testing';
import { EventSource } from 'eventsource';

export type Transport = 'socket.io' | 'sse' | 'long-poll';
export const transports: readonly Transport[] = ['socket.io', 'sse', 'long-poll'];

export interface Shown {
  type: string;
  data: Record<string, unknown> & { meta: { id: string; feed: string; seq: number } };
}

/** What somebody sees of one feed, whatever brings it: a stock client that comes back by itself. */
export interface Screen {
  transport: Transport;
  /** Of this feed, in the order in which they came. */
  shown: readonly Shown[];
  /** Words of the server about the connection, and its ends. */
  words: readonly string[];
  close(): void;
}

export interface ScreenOptions {
  /** The gateway, or what stands before it. */
  url: string;
  account: Account;
  feed: string;
  transport: Transport;
}

/** Open, and following. */
export async function openScreen(options: ScreenOptions): Promise<Screen> {
  const open = { 'socket.io': openSocket, sse: openEventSource, 'long-poll': openPoll }[options.transport];
  return open(options);
}

async function openSocket({ url, account, feed, transport }: ScreenOptions): Promise<Screen> {
  const client = await connectClient({ url, token: account.token });
  return {
    transport,
    get shown() {
      return client.received.flatMap(({ type, payload }) =>
        payload?.meta?.feed === feed ? [{ type, data: payload as Shown['data'] }] : [],
      );
    },
    get words() {
      return client.received.filter(({ payload }) => !payload?.meta).map(({ type }) => type);
    },
    close: client.close,
  };
}

async function openEventSource({ url, account, feed, transport }: ScreenOptions): Promise<Screen> {
  const { body, status } = await account.http.post<{ ticket: string }>('/api/feeds/tickets', { feeds: [feed] });
  if (status !== 201) throw new Error(`No ticket: ${status} ${JSON.stringify(body)}`);
  const source = new EventSource(`${url}/api/feeds/stream?${new URLSearchParams({ feeds: feed, ticket: body.ticket })}`);
  const shown: Shown[] = [];
  const words: string[] = [];
  for (const type of ['plan-created', 'plan-updated', 'plan-deleted', 'new-order', 'new-notification'])
    source.addEventListener(type, ({ data }) => void shown.push({ type, data: JSON.parse(String(data)) as Shown['data'] }));
  for (const word of ['connected', 'feed-reset']) source.addEventListener(word, () => void words.push(word));
  source.addEventListener('error', (event) => {
    const { data } = event as unknown as { data?: string };
    words.push(data === undefined ? 'cut' : String((JSON.parse(data) as { code: string }).code));
  });
  await waitFor('the stream', () => words.includes('connected'));
  return { transport, shown, words, close: () => source.close() };
}

async function openPoll({ url, account, feed, transport }: ScreenOptions): Promise<Screen> {
  const shown: Shown[] = [];
  const words: string[] = [];
  const closing = new AbortController();
  const ask = async (cursors: string | undefined, wait: number): Promise<string> => {
    const query = new URLSearchParams({ feeds: feed, wait: String(wait), ...(cursors === undefined ? {} : { cursors }) });
    const answer = await fetch(`${url}/api/feeds/poll?${query}`, {
      headers: { authorization: `Bearer ${account.token}` },
      signal: closing.signal,
    });
    if (!answer.ok) throw new Error(`The poll answered ${answer.status} ${await answer.text()}`);
    const { entries, cursors: next, resets = [] } = (await answer.json()) as { entries: Shown[]; cursors: string; resets?: unknown[] };
    shown.push(...entries);
    words.push(...resets.map(() => 'feed-reset'));
    return next;
  };
  let cursors = await ask(undefined, 0);
  words.push('connected');
  void (async () => {
    while (!closing.signal.aborted) {
      try {
        cursors = await ask(cursors, 25);
      } catch {
        if (closing.signal.aborted) return;
        words.push('cut');
        await pause(100);
      }
    }
  })();
  return { transport, shown, words, close: () => closing.abort() };
}
