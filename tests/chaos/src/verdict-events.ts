import { isDeepStrictEqual } from 'node:util';
import type { TestClient } from '@tidings/testing';
import type { CommittedEvent, Recorder } from './recorder.js';

/** One stock client that keeps its cursors, and where it began. */
export interface Screen {
  name: string;
  client: TestClient;
  /** The heads of its first `connected`. */
  start: Readonly<Record<string, number>>;
}

/** Every committed event is in each of its feeds, once, in commit order, numbered from 1 without a gap. */
export async function checkLog(recorder: Recorder): Promise<string[]> {
  const faults: string[] = [];
  const heard = new Set(recorder.events.map(({ id }) => id));
  const stored = await recorder.all('outbox');
  for (const { _id } of stored) if (!heard.has(String(_id))) faults.push(`the recorder did not hear of the event ${String(_id)}`);
  if (stored.length !== heard.size || heard.size !== recorder.events.length) {
    faults.push(`the outbox holds ${stored.length} events, the recorder heard of ${recorder.events.length}`);
  }

  const entries = new Map<string, { seq: number; eventId: string }[]>();
  for (const entry of await recorder.all('feed_entries')) {
    const { feed, seq } = entry['_id'] as unknown as { feed: string; seq: number };
    const list = entries.get(feed) ?? [];
    list.push({ seq, eventId: String(entry['eventId']) });
    entries.set(feed, list);
  }
  for (const feed of new Set([...entries.keys(), ...recorder.feedNames])) {
    const expected = recorder.feed(feed);
    const got = (entries.get(feed) ?? []).toSorted((a, b) => a.seq - b.seq);
    if (got.length !== expected.length) faults.push(`${feed} holds ${got.length} entries for ${expected.length} events`);
    const wrong = got.findIndex(({ seq, eventId }, index) => seq !== index + 1 || eventId !== expected[index]?.id);
    if (wrong !== -1)
      faults.push(
        `${feed}: entry ${got[wrong]!.seq} is the event ${got[wrong]!.eventId}, in commit order ${wrong + 1} is ${expected[wrong]?.id}`,
      );
  }
  return faults;
}

/** Each client got each event of each feed that it follows, from where it began, once, in order, with the payload that was committed. */
export function checkScreen(recorder: Recorder, { name, client, start }: Screen): string[] {
  const faults: string[] = [];
  const seen = new Set<string>();
  const next = new Map(Object.entries(start).map(([feed, head]) => [feed, head + 1]));
  for (const { type, payload } of client.received) {
    if (type === 'feed-reset') faults.push(`${name}: ${String(payload['feed'])} was reset (${String(payload['reason'])})`);
    const { meta, ...data } = payload ?? {};
    if (!meta) continue;
    const expected = next.get(meta.feed);
    if (expected === undefined) {
      faults.push(`${name}: an entry of ${meta.feed}, which it does not follow`);
      continue;
    }
    if (meta.seq !== expected) faults.push(`${name}: ${meta.feed} ${meta.seq} came where ${expected} was next`);
    if (seen.has(meta.id)) faults.push(`${name}: the event ${meta.id} came twice`);
    seen.add(meta.id);
    next.set(meta.feed, meta.seq + 1);
    const event = recorder.feed(meta.feed)[meta.seq - 1];
    if (!event || event.id !== meta.id || event.type !== type) {
      faults.push(`${name}: ${meta.feed} ${meta.seq} is ${type} ${meta.id}, committed there was ${event?.type} ${event?.id}`);
    } else if (!isDeepStrictEqual(data, visible(event, meta.feed))) {
      faults.push(`${name}: ${meta.feed} ${meta.seq} carries another payload than was committed`);
    }
  }
  for (const [feed, expected] of next) {
    const missing = recorder.feed(feed).length - (expected - 1);
    if (missing !== 0) faults.push(`${name}: ${missing} events of ${feed} are missing after ${expected - 1}`);
  }
  return faults;
}

/** As it is after a way through JSON. */
function visible({ data, feeds }: CommittedEvent, feed: string): unknown {
  const omit = feeds.find((target) => target.feed === feed)?.omit ?? [];
  return JSON.parse(JSON.stringify(Object.fromEntries(Object.entries(data).filter(([field]) => !omit.includes(field)))));
}

/** Deliveries that came after a reconnection, out of the log: what the client would have missed without its cursor. */
export function replaysOf({ client, start }: Screen): number {
  let heads: Readonly<Record<string, number>> = start;
  let replays = 0;
  for (const { type, payload } of client.received) {
    if (type === 'connected') heads = payload['feeds'] as Record<string, number>;
    else if (payload?.meta && payload.meta.seq <= (heads[payload.meta.feed] ?? 0)) replays++;
  }
  return replays;
}
