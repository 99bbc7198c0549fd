import { createRandom, type Random } from './random.js';

export const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** India keeps one time all the year, so days can be counted without a calendar. */
export const timeZone = 'Asia/Kolkata';
const offsetMs = 5.5 * hourMs;
export const windowDays = 90;

/** Who came, in the order of time. */
export interface Visit {
  /** Milliseconds. */
  at: number;
  /** The person's place among all, strangers last. */
  who: number;
}

/** As many as one person has at most. */
const mostVisits = 60;
/** Of those who are asked, so many say no: they have one scan each. */
export const strangersOf = (customers: number): number => Math.floor(customers / 10);

/** Of the merchant's calendar. @param at milliseconds */
export const localDate = (at: number): string => new Date(at + offsetMs).toISOString().slice(0, 10);
export const localHour = (at: number): number => new Date(at + offsetMs).getUTCHours();
/** The last midnight of the merchant's calendar: the window ends with it. */
export const lastMidnight = (now: number): number => Math.floor((now + offsetMs) / dayMs) * dayMs - offsetMs;

/**
 * Everybody's visits in the days before `until`: each customer comes once at least, some often, most join early, and nobody comes twice in an hour, so that
 * no scan repeats another one.
 */
export function planVisits({ customers, scans, until, seed }: { customers: number; scans: number; until: number; seed: number }): Visit[] {
  const random = createRandom(seed);
  const from = until - windowDays * dayMs;
  const people = customers + strangersOf(customers);
  const counts = new Uint8Array(people).fill(1);
  for (let left = scans - people; left > 0;) {
    const who = Math.floor(customers * random() ** 1.7);
    if (counts[who]! >= mostVisits) continue;
    counts[who]!++;
    left--;
  }
  const visits: Visit[] = [];
  for (let who = 0; who < people; who++) {
    const firstDay = Math.floor(random() ** 2 * (windowDays - 10));
    const taken = new Set<number>();
    for (let count = 0; count < counts[who]!; count++) {
      const hour = count === 0 ? openHour(firstDay, random) : freeHour(firstDay + 1, taken, random);
      taken.add(hour);
      visits.push({ at: from + hour * hourMs + random.below(hourMs - 300_000), who });
    }
  }
  return visits.toSorted((a, b) => a.at - b.at);
}

/** From 8 to 22 o'clock, most in the afternoon. */
const openHour = (day: number, random: Random): number => day * 24 + 8 + Math.floor(((random() + random()) / 2) * 14);

function freeHour(firstDay: number, taken: ReadonlySet<number>, random: Random): number {
  for (;;) {
    const hour = openHour(firstDay + random.below(windowDays - firstDay), random);
    if (!taken.has(hour)) return hour;
  }
}
