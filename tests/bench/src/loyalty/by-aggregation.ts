import type { Mongo } from '@tidings/platform';
import { dayMs, timeZone } from './visits.js';

/** What one writes who keeps a log of scans and nothing beside it: everything is added up when somebody asks. Its best index is there. */
export interface ByAggregation {
  /** By day and hour, less than Tidings answers with: no enrollments, no liability. @returns how many scans it found */
  figures(days: number): Promise<number>;
  /** One page of the list of customers by their last visit. @returns how many lines it found */
  customers(): Promise<number>;
}

export function createByAggregation({ db }: Pick<Mongo, 'db'>, merchantId: string, until: number): ByAggregation {
  const scans = db.collection('scans');
  return {
    async figures(days) {
      const found = await scans
        .aggregate<{ scans: number }>([
          { $match: { merchantId, at: { $gte: new Date(until - days * dayMs), $lt: new Date(until) } } },
          {
            $group: {
              _id: {
                day: { $dateToString: { date: '$at', timezone: timeZone, format: '%Y-%m-%d' } },
                hour: { $hour: { date: '$at', timezone: timeZone } },
              },
              scans: { $sum: 1 },
              newCustomers: { $sum: { $cond: ['$isFirst', 1, 0] } },
              issued: { $sum: '$points' },
            },
          },
        ])
        .toArray();
      return found.reduce((sum, group) => sum + group.scans, 0);
    },
    async customers() {
      const page = await scans
        .aggregate(
          [
            { $match: { merchantId } },
            {
              $group: {
                _id: '$userId',
                name: { $last: '$customerName' },
                visits: { $sum: 1 },
                points: { $sum: '$points' },
                lastVisitAt: { $max: '$at' },
              },
            },
            { $sort: { lastVisitAt: -1, _id: -1 } },
            { $limit: 50 },
          ],
          { allowDiskUse: true },
        )
        .toArray();
      return page.length;
    },
  };
}
