import { dayMs } from './cards.js';

/** Points with their end, milliseconds since 1970; `Infinity`: they stay. */
type Heap = Map<number, number>;

export interface ModelEntry {
  card: ModelCard;
  delta: number;
  status: 'posted' | 'pending' | 'denied' | 'reversed';
  isReversal: boolean;
  heap: Heap;
  at: number;
}

export interface ModelRedemption {
  card: ModelCard;
  cost: number;
  isCounted: boolean;
  status: 'requested' | 'confirmed' | 'cancelled' | 'expired';
  heap: Heap;
  until: number;
}

export interface Settings {
  /** Days until the end of points; null: they stay. */
  days: number | null;
  approval: { mode: 'none' | 'deductions' | 'all'; above: number };
}

const answerMs = 30 * dayMs;
const pickUpMs = 15 * 60_000;
const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);

/** What of a heap so many points are: of `first` before others, then the first end first. */
function picked(heap: Heap, points: number, first: Heap = new Map()): Heap {
  const taken: Heap = new Map();
  const take = (end: number, most: number): void => {
    const amount = Math.min(most, points - sum(taken.values()));
    if (amount > 0) taken.set(end, (taken.get(end) ?? 0) + amount);
  };
  const ends = [...heap.keys()].toSorted((a, b) => a - b);
  for (const end of ends) if (end !== Infinity) take(end, Math.min(heap.get(end)!, first.get(end) ?? 0));
  for (const end of ends) take(end, heap.get(end)! - (taken.get(end) ?? 0));
  return taken;
}

/** A card as one would keep it on paper: a heap of points for each end. Each step answers `ok` or why not, and then has changed nothing. */
export class ModelCard {
  status: 'active' | 'closed' = 'active';
  heap: Heap = new Map();
  lifetime = 0;
  expired = 0;
  readonly entries: ModelEntry[] = [];
  readonly redemptions: ModelRedemption[] = [];

  constructor(
    readonly settings: Settings,
    readonly shelf: { left: number },
  ) {}

  get balance(): number {
    return sum(this.heap.values());
  }
  get held(): number {
    return sum(this.redemptions.filter(({ status }) => status === 'requested').map(({ cost }) => cost));
  }
  /** What has an end, as the card keeps it. */
  get lots(): [number, number][] {
    return [...this.heap].filter(([end]) => end !== Infinity).toSorted(([a], [b]) => a - b);
  }

  change(delta: number, now: number): { answer: string; entry?: ModelEntry } {
    if (this.status === 'closed') return { answer: 'not-found' };
    const { mode, above } = this.settings.approval;
    const waits = Math.abs(delta) > above && (mode === 'all' || (mode === 'deductions' && delta < 0));
    const entry: ModelEntry = { card: this, delta, status: 'posted', isReversal: false, heap: new Map(), at: now };
    const covered = waits ? this.balance : this.living(now);
    if (covered + delta < 0) return { answer: 'insufficient-points' };
    if (waits) entry.status = 'pending';
    else this.move(entry, now);
    this.entries.push(entry);
    return { answer: 'ok', entry };
  }

  decide(entry: ModelEntry, decision: 'accept' | 'decline', now: number): string {
    if (entry.status !== 'pending') return 'invalid-transition';
    if (decision === 'accept') {
      if (entry.at + answerMs <= now) return 'invalid-transition';
      if (this.living(now) + entry.delta < 0) return 'insufficient-points';
      this.move(entry, now);
    }
    entry.status = decision === 'accept' ? 'posted' : 'denied';
    return 'ok';
  }

  reverse(entry: ModelEntry, now: number): { answer: string; entry?: ModelEntry } {
    if (this.status === 'closed') return { answer: 'not-found' };
    if (entry.isReversal || entry.status !== 'posted') return { answer: 'invalid-transition' };
    if (this.living(now) - entry.delta < 0) return { answer: 'insufficient-points' };
    const reversal: ModelEntry = { card: this, delta: -entry.delta, status: 'posted', isReversal: true, heap: new Map(), at: now };
    this.expire(now);
    if (entry.delta > 0) this.take((reversal.heap = picked(this.heap, entry.delta, entry.heap)));
    else this.put((reversal.heap = entry.heap));
    this.lifetime -= Math.max(0, entry.delta);
    entry.status = 'reversed';
    this.entries.push(reversal);
    return { answer: 'ok', entry: reversal };
  }

  redeem(cost: number, isCounted: boolean, now: number): { answer: string; redemption?: ModelRedemption } {
    if (this.status === 'closed') return { answer: 'program-closed' };
    if (this.living(now) < cost) return { answer: 'insufficient-points' };
    if (isCounted && this.shelf.left === 0) return { answer: 'out-of-stock' };
    this.expire(now);
    const heap = picked(this.heap, cost);
    this.take(heap);
    if (isCounted) this.shelf.left--;
    const redemption: ModelRedemption = { card: this, cost, isCounted, status: 'requested', heap, until: now + pickUpMs };
    this.redemptions.push(redemption);
    return { answer: 'ok', redemption };
  }

  confirm(redemption: ModelRedemption, now: number): string {
    if (redemption.status === 'confirmed') return 'code-used';
    if (redemption.status === 'expired' || redemption.until <= now) return 'code-expired';
    if (redemption.status === 'cancelled') return 'invalid-transition';
    redemption.status = 'confirmed';
    return 'ok';
  }

  end(redemption: ModelRedemption, status: 'cancelled' | 'expired'): string {
    if (redemption.status !== 'requested') return 'invalid-transition';
    redemption.status = status;
    this.put(redemption.heap);
    if (redemption.isCounted) this.shelf.left++;
    return 'ok';
  }

  close(): void {
    if (this.status === 'closed') return;
    for (const entry of this.entries) if (entry.status === 'pending') entry.status = 'denied';
    for (const redemption of this.redemptions) this.end(redemption, 'cancelled');
    this.status = 'closed';
  }

  /** Everything that the clock has to do. */
  look(now: number): void {
    for (const redemption of this.redemptions) if (redemption.until <= now) this.end(redemption, 'expired');
    for (const entry of this.entries) if (entry.status === 'pending' && entry.at + answerMs <= now) entry.status = 'denied';
    this.expire(now);
  }

  /** What is not void. */
  private living(now: number): number {
    return sum([...this.heap].filter(([end]) => end > now).map(([, points]) => points));
  }

  private expire(now: number): void {
    for (const [end, points] of this.heap) {
      if (end > now) continue;
      this.heap.delete(end);
      this.expired += points;
    }
  }

  private move(entry: ModelEntry, now: number): void {
    this.expire(now);
    if (entry.delta < 0) this.take((entry.heap = picked(this.heap, -entry.delta)));
    else this.put((entry.heap = new Map([[this.endOf(now), entry.delta]])));
    this.lifetime += Math.max(0, entry.delta);
  }

  /** By the calendar of UTC: the end of the day, so many days on. */
  private endOf(now: number): number {
    const { days } = this.settings;
    return days === null ? Infinity : (Math.floor(now / dayMs) + days + 1) * dayMs;
  }

  private take(heap: Heap): void {
    for (const [end, points] of heap) {
      const left = this.heap.get(end)! - points;
      if (left === 0) this.heap.delete(end);
      else this.heap.set(end, left);
    }
  }

  private put(heap: Heap): void {
    for (const [end, points] of heap) this.heap.set(end, (this.heap.get(end) ?? 0) + points);
  }
}
