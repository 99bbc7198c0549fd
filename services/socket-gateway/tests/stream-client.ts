import { Agent, request, type IncomingMessage } from 'node:http';
import type { Received } from './world.js';
import { createLooks } from './looks.js';

export interface Message {
  id: string | undefined;
  event: string;
  data: Record<string, unknown>;
}

/** Server-sent events as a browser reads them: the standard's parser, and nothing comes back by itself. */
export interface StreamClient {
  status: number;
  headers: IncomingMessage['headers'];
  /** Of a refusal. */
  problem: Record<string, unknown>;
  messages: Message[];
  comments: number;
  retries: number[];
  /** Of the last message that had one. */
  lastEventId: string;
  /** Feed events, in the order of arrival. */
  readonly received: Received[];
  seqs(feed: string): number[];
  message(event: string, fits?: (data: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  until(feed: string, seq: number): Promise<void>;
  /** Resolves when the server has ended it. */
  ended: Promise<void>;
  /** Takes nothing more from the network. */
  pause(): void;
  resume(): void;
  close(): void;
}

export interface StreamRequest {
  token?: string;
  headers?: Record<string, string>;
  method?: string;
  query?: Record<string, string>;
}

/** Resolves with the head of the answer. */
export function openStream(url: string, { token, headers, method = 'GET', query = {} }: StreamRequest = {}): Promise<StreamClient> {
  const search = new URLSearchParams(query).toString();
  return new Promise((resolve, reject) => {
    const agent = new Agent();
    const req = request(
      `${url}${search ? `?${search}` : ''}`,
      { method, agent, headers: { accept: 'text/event-stream', ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers } },
      (res) => resolve(read(res, () => agent.destroy())),
    );
    req.on('error', reject);
    req.end();
  });
}

function read(res: IncomingMessage, close: () => void): StreamClient {
  const { wait, changed } = createLooks();
  let rest = '';
  let over!: () => void;
  const client: StreamClient = {
    status: res.statusCode ?? 0,
    headers: res.headers,
    problem: {},
    messages: [],
    comments: 0,
    retries: [],
    lastEventId: '',
    get received() {
      return client.messages.flatMap(({ event, data }) => {
        const inner = event === 'message' ? (data['data'] as Received | undefined) : (data as Received);
        return inner?.meta ? [{ ...inner, type: event === 'message' ? String(data['type']) : event }] : [];
      });
    },
    seqs: (feed) => client.received.filter(({ meta }) => meta.feed === feed).map(({ meta }) => meta.seq),
    message: (event, fits = () => true) => wait(() => client.messages.find((one) => one.event === event && fits(one.data))?.data),
    until: (feed, seq) =>
      wait(() => (client.received.some(({ meta }) => meta.feed === feed && meta.seq >= seq) ? true : undefined)).then(() => undefined),
    ended: new Promise((resolve) => {
      over = resolve;
    }),
    pause: () => void res.pause(),
    resume: () => void res.resume(),
    close,
  };
  res.setEncoding('utf8');
  res.on('data', (text: string) => {
    rest += text;
    const blocks = rest.split('\n\n');
    if (!String(res.headers['content-type']).startsWith('text/event-stream')) return;
    rest = blocks.pop()!;
    for (const block of blocks) take(client, block);
    changed();
  });
  res.on('close', () => {
    if (String(res.headers['content-type']).includes('json') && rest) client.problem = JSON.parse(rest) as Record<string, unknown>;
    over();
  });
  res.on('error', () => undefined); // cut off: `close` follows
  return client;
}

function take(client: StreamClient, block: string): void {
  const message: { id: string | undefined; event: string; data?: string } = { id: undefined, event: 'message' };
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
    if (name === '') client.comments++;
    else if (name === 'retry') client.retries.push(Number(value));
    else if (name === 'id') message.id = value;
    else if (name === 'event') message.event = value;
    else if (name === 'data') message.data = (message.data === undefined ? '' : `${message.data}\n`) + value;
    else throw new Error(`A line that is none: ${line}`);
  }
  if (message.id !== undefined) client.lastEventId = message.id;
  if (message.data === undefined) return;
  client.messages.push({ id: message.id, event: message.event, data: JSON.parse(message.data) as Record<string, unknown> });
}
