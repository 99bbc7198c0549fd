import { createRedis, type Logger, type Redis } from '@tidings/platform';
import type { BusEntry, LogEntry } from './documents.js';

const newline = 0x0a;
const space = 0x20;

/** One message of the bus: an entry a line, `seq type packet`. JSON has no line breaks of its own. */
export function encodeBusMessage(entries: readonly Pick<LogEntry, 'seq' | 'type' | 'packet'>[]): string {
  let message = '';
  for (const { seq, type, packet } of entries) message += `${message ? '\n' : ''}${seq} ${type} ${packet}`;
  return message;
}

export function decodeBusMessage(message: Buffer): BusEntry[] {
  const entries: BusEntry[] = [];
  for (let start = 0; start < message.length;) {
    let end = message.indexOf(newline, start);
    if (end === -1) end = message.length;
    const first = message.indexOf(space, start);
    const second = message.indexOf(space, first + 1);
    entries.push({
      seq: Number(message.toString('latin1', start, first)),
      type: message.toString('latin1', first + 1, second),
      packet: message.subarray(second + 1, end),
    });
    start = end + 1;
  }
  return entries;
}

/** One channel per feed: Redis sends it only to the gateways that have the feed open. */
export const feedChannel = (prefix: string, feed: string): string => `${prefix}:feed:${feed}`;

export interface FeedSubscriber {
  /** Resolves when Redis has confirmed: what is published from then on arrives. */
  subscribe(feeds: readonly string[]): Promise<void>;
  unsubscribe(feed: string): Promise<void>;
  close(): void;
}

/**
 * The gateway's end of the bus. It promises little: messages are lost while Redis is away. `onReconnect` tells when the subscriptions are
 * back, so that whoever follows can look for what was missed.
 */
export function createFeedSubscriber(options: {
  redisUrl: string;
  prefix: string;
  logger: Logger;
  onEntries: (feed: string, entries: BusEntry[]) => void;
  onReconnect: () => void;
}): FeedSubscriber {
  const { prefix, logger, onEntries, onReconnect } = options;
  const head = feedChannel(prefix, '');
  const redis: Redis = createRedis(options.redisUrl, { name: 'feed-bus', waiting: true, logger });
  let ready = false;
  redis.on('smessageBuffer', (channel: Buffer, message: Buffer) => {
    onEntries(channel.toString('utf8', head.length), decodeBusMessage(message));
  });
  redis.on('ready', () => {
    if (ready) onReconnect();
    ready = true;
  });
  return {
    async subscribe(feeds) {
      await redis.ssubscribe(...feeds.map((feed) => head + feed));
    },
    async unsubscribe(feed) {
      await redis.sunsubscribe(head + feed);
    },
    close() {
      redis.disconnect();
    },
  };
}
