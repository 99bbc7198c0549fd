import type { RehearsalInput } from '@tidings/contracts';
import type { PlayedEvent } from './made-up.js';

export type How = 'genuine' | 'duplicate' | 'stale' | 'late' | 'tampered';
export interface Sent {
  event: PlayedEvent;
  how: How;
}

/** The genuine events, each with what disturbs it; the provider's second try of a late one comes at the end. */
export function disturb(events: readonly PlayedEvent[], shuffle: RehearsalInput['shuffle'], random: () => number): Sent[] {
  const { duplicate = 0, late = 0, tamper = 0, reorder = false } = shuffle;
  const sent: Sent[] = [];
  const atTheEnd: Sent[] = [];
  for (const event of events) {
    if (random() < tamper) sent.push({ event, how: 'tampered' });
    if (random() < late) {
      sent.push({ event, how: 'stale' });
      atTheEnd.push({ event, how: 'late' });
    } else {
      sent.push({ event, how: 'genuine' });
    }
    if (random() < duplicate) sent.push({ event, how: 'duplicate' });
  }
  return [...(reorder ? shuffled(sent, random) : sent), ...atTheEnd];
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const left = [...list];
  return list.map(() => left.splice(Math.floor(random() * left.length), 1)[0]!);
}

/** mulberry32: small, and the same everywhere for the same seed; nothing secret comes of it. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
