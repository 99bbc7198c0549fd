import type { AnalyticsCounters } from '@tidings/contracts';
import { localDate, localHour } from './visits.js';
import type { Stored } from './writer.js';

type Field = keyof AnalyticsCounters | 'scanRequests' | 'scanAccepted';
interface Day extends Partial<Record<Field, number>> {
  hours: Record<string, number>;
}

/** What the product's roll-up would have counted, counted beside it. */
export interface Counted {
  add(at: number, field: Field, by?: number): void;
  scan(at: number, isFirst: boolean): void;
  /** Over some days of the merchant's calendar, both included. */
  sum(field: Field, from: string, to: string): number;
  documents(merchantId: string): Stored[];
}

export function createCounted(): Counted {
  const days = new Map<string, Day>();
  const dayOf = (at: number): Day => {
    const date = localDate(at);
    const known = days.get(date) ?? { hours: {} };
    days.set(date, known);
    return known;
  };
  const add: Counted['add'] = (at, field, by = 1) => {
    const day = dayOf(at);
    day[field] = (day[field] ?? 0) + by;
  };
  return {
    add,
    scan(at, isFirst) {
      const { hours } = dayOf(at);
      const hour = localHour(at);
      hours[hour] = (hours[hour] ?? 0) + 1;
      add(at, 'scans');
      add(at, isFirst ? 'newCustomers' : 'returning');
    },
    sum: (field, from, to) => [...days].reduce((total, [date, day]) => total + (date >= from && date <= to ? (day[field] ?? 0) : 0), 0),
    documents: (merchantId) => [...days].map(([date, day]) => ({ ...day, _id: `${merchantId}:${date}`, merchantId, date })),
  };
}
