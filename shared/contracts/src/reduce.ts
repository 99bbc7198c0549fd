/** What every state document has: which one it is, and how far it has got. */
interface Versioned {
  id: string;
  version: number;
}

/**
 * The later of two states of one document. The same change may arrive twice (in a fetch and as an event) and a fetch
 * may be ahead of the events that follow it: the version tells, not the order of arrival.
 */
export function newest<T extends { version: number }>(current: T | null | undefined, next: T): T {
  return current && current.version >= next.version ? current : next;
}

/** The list with `next` in its place, or the same list when it knew a version as high. */
export function upsert<T extends Versioned>(list: readonly T[], next: T, order: (a: T, b: T) => number): readonly T[] {
  const index = list.findIndex((entry) => entry.id === next.id);
  const known = list[index];
  if (known === undefined) return [...list, next].sort(order);
  return newest(known, next) === known ? list : list.with(index, next);
}

/** Newest first, as lists are fetched; the id settles what was created in the same millisecond. */
export function newestFirst(a: { id: string; createdAt: string }, b: { id: string; createdAt: string }): number {
  return compare(b.createdAt, a.createdAt) || compare(b.id, a.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
