import type { Analytics, AnalyticsCounters, Principal } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Temporal } from 'temporal-polyfill';
import { assertMayLook, type Merchants } from '../merchants/index.js';
import { dayRange } from '../sales/index.js';
import type { FiguresCache } from './figures-cache.js';
import { dayId, type FiguresDayDocument, type FiguresDocument, type FiguresModels } from './figures.model.js';

export interface AnalyticsService {
  /** @throws Problem `not-found`, `forbidden`, `bad-request` (the range) */
  report(caller: Principal, merchantId: string, query: { from?: string | undefined; to?: string | undefined }): Promise<Analytics>;
}

const usualDays = 30;
/** In the order of a file's columns. */
export const counterNames = [
  'scans',
  'newCustomers',
  'returning',
  'enrollmentsRequested',
  'enrolled',
  'issued',
  'reversed',
  'redeemed',
  'expired',
] as const;

export function createAnalytics(parts: {
  mongo: Mongo;
  models: FiguresModels;
  cache: FiguresCache;
  merchants: Merchants;
  /** For tests: called by each report that is not in the cache. */
  computed?: () => void;
}): AnalyticsService {
  const { mongo, models, cache, merchants, computed } = parts;

  const nowOf = async (merchantId: string): Promise<FiguresDocument> =>
    (await models.figures.findById(merchantId).lean<FiguresDocument>()) ?? { _id: merchantId, customers: 0, outstanding: 0, version: 0 };

  const daysOf = (merchantId: string, from: string, to: string): Promise<FiguresDayDocument[]> =>
    models.days.find({ _id: { $gte: dayId(merchantId, from), $lte: dayId(merchantId, to) } }).lean<FiguresDayDocument[]>();

  return {
    async report(caller, merchantId, query) {
      const { timeZone } = await merchants.get(merchantId);
      await assertMayLook(mongo, caller, merchantId, 'analytics');
      const { dates } = dayRange(timeZone, lastDays(query, timeZone), new Date());
      const [from = '', to = ''] = [dates[0], dates.at(-1)];
      for (;;) {
        // Read from the database each time: it tells whether what the cache has is what is.
        const now = await nowOf(merchantId);
        const key = `${merchantId}:${timeZone}:${from}:${to}:${now.version}`;
        const known = await cache.get<Analytics>(key);
        if (known) return known;
        computed?.();
        const days = await daysOf(merchantId, from, to);
        // Both must be of one version; a round that came between takes longer than the two looks.
        if ((await nowOf(merchantId)).version !== now.version) continue;
        const report = { businessId: merchantId, timeZone, from, to, ...summed(dates, days), ...presentNow(now) };
        await cache.set(key, report);
        return report;
      }
    },
  };
}

const presentNow = ({ customers, outstanding, version }: FiguresDocument) => ({ customers, outstanding, version: version + 1 });

function summed(dates: readonly string[], found: readonly FiguresDayDocument[]) {
  const known = new Map(found.map((day) => [day.date, day]));
  const days = dates.map((date) => ({ date, ...countersOf(known.get(date)) }));
  const total = Object.fromEntries(counterNames.map((name) => [name, sumOf(days, (day) => day[name])])) as AnalyticsCounters;
  const hours = Array.from({ length: 24 }, (_, hour) => sumOf(found, (day) => day.hours?.[hour] ?? 0));
  const accepted = sumOf(found, (day) => day.scanAccepted ?? 0);
  const asked = sumOf(found, (day) => day.scanRequests ?? 0);
  return { days, total, hours, conversion: asked === 0 ? null : Math.round((accepted * 10_000) / asked) };
}

const countersOf = (day: FiguresDayDocument | undefined) =>
  Object.fromEntries(counterNames.map((name) => [name, day?.[name] ?? 0])) as AnalyticsCounters;

const sumOf = <T>(of: readonly T[], value: (one: T) => number): number => of.reduce((sum, one) => sum + value(one), 0);

/** Where the first day is not given, so many up to the last one. */
function lastDays({ from, to }: { from?: string | undefined; to?: string | undefined }, timeZone: string) {
  if (from !== undefined) return { from, to };
  const last = to === undefined ? Temporal.Now.plainDateISO(timeZone) : Temporal.PlainDate.from(to);
  return { from: last.subtract({ days: usualDays - 1 }).toString(), to: last.toString() };
}
