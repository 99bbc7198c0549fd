import type { AnyEvent } from '@tidings/contracts';
import { expectStatus, type Http, type TestClient } from '@tidings/testing';

/** A list that was fetched while all else went on; `from`: the head of the feed that tells of it, read before. */
export interface Look<Item> {
  items: readonly Item[];
  from: number;
  pages: number;
}

/** Every page of a list. */
export async function lookAt<Item>(http: Http, path: string, feed: string): Promise<Look<Item>> {
  const items: Item[] = [];
  const heads: number[] = [];
  for (let next: string | null = ''; next !== null;) {
    const page: string = next === '' ? path : `${path}&cursor=${next}`;
    const { body, headers } = await expectStatus(200, http.get<{ items: Item[]; nextCursor: string | null }>(page));
    heads.push(headOf(headers, feed));
    items.push(...body.items);
    next = body.nextCursor;
  }
  return { items, from: heads[0]!, pages: heads.length };
}

function headOf(headers: Headers, feed: string): number {
  const [, seq] = new RegExp(`[ ;,]${feed}=(\\d+)`).exec(headers.get('tidings-cursor') ?? '') ?? [];
  if (seq === undefined) throw new Error(`The answer says no head of ${feed}`);
  return Number(seq);
}

/** What a screen showed after each entry of a feed: a film, to be stopped at any cursor. */
export interface Film<Item> {
  last: number;
  /** @throws RangeError for a cursor at which the screen was not connected */
  at(seq: number): { items: readonly Item[]; text: string };
}

/** @param options `shown`: what of the state the list is */
export function filmOf<State, Item>(
  { received, hello }: Pick<TestClient, 'received' | 'hello'>,
  feed: string,
  options: { empty: State; reduce: (state: State, event: AnyEvent) => State; shown: (state: State) => readonly Item[] },
): Film<Item> {
  const { empty, reduce, shown } = options;
  const frame = (state: State) => ({ items: shown(state), text: JSON.stringify(shown(state)) });
  const first = hello().feeds[feed]!;
  const frames = [frame(empty)];
  let state = empty;
  for (const { type, payload } of received) {
    if (payload?.meta?.feed !== feed) continue;
    const { meta, ...data } = payload;
    if (meta.seq !== first + frames.length) throw new Error(`${feed}: ${meta.seq} came instead of ${first + frames.length}`);
    const next = reduce(state, { type, data } as unknown as AnyEvent);
    frames.push(next === state ? frames.at(-1)! : frame(next));
    state = next;
  }
  return {
    last: first + frames.length - 1,
    at(seq) {
      const found = frames[seq - first];
      if (!found) throw new RangeError(`${feed}: the screen saw ${first} to ${first + frames.length - 1}, not ${seq}`);
      return found;
    },
  };
}

/** The cursor, not before the head that came with it, at which the screen showed exactly this list; undefined when it never did. */
export function cutOf<Item>({ items, from }: Look<Item>, { at, last }: Film<Item>): number | undefined {
  const text = JSON.stringify(items);
  for (let seq = from; seq <= last; seq++) if (at(seq).text === text) return seq;
  return undefined;
}

/**
 * Of a list that took more than one moment to read: each thing must be in it as the screen had it at some cursor between its head and `to`, or be missing
 * as it was missing there; and once.
 * @returns the ids of what is not so
 */
export function contradictions<Item>({ items, from }: Look<Item>, { at }: Film<Item>, to: number, idOf: (item: Item) => string): string[] {
  const byId = (list: readonly Item[]) => new Map(list.map((item) => [idOf(item), JSON.stringify(item)]));
  const fetched = byId(items);
  const moments = Array.from({ length: to - from + 1 }, (_, index) => byId(at(from + index).items));
  const ids = new Set([...fetched.keys(), ...moments.flatMap((moment) => [...moment.keys()])]);
  const wrong = [...ids].filter((id) => !moments.some((moment) => moment.get(id) === fetched.get(id)));
  return [...wrong, ...items.map(idOf).filter((id, index, all) => all.indexOf(id) !== index)];
}
