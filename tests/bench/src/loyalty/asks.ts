import { routes } from '@tidings/contracts';
import { prefixes, tagNames } from './people.js';
import { localDate, windowDays, dayMs } from './visits.js';

/** One thing that a business's screen asks for, in many forms. */
export interface Ask {
  name: string;
  /** The nth form of it. */
  path: (turn: number) => string;
  /** Of the answer. */
  check: { parse(body: unknown): unknown };
  /** Nothing of it may be in Redis. */
  forget?: true;
}

interface Parts {
  merchantId: string;
  userIds: readonly string[];
  /** The end of the last day, milliseconds. */
  until: number;
  /** Where pages far behind begin, by the name of the list. */
  cursors: { customers: readonly string[]; scans: readonly string[] };
}

const contract = routes.loyalty;
const sorts = ['enrolled', 'last-visit', 'lifetime', 'balance', 'name'] as const;
/** As a screen shows. */
const limit = 50;
export const deepSort = 'lifetime';

export function loyaltyAsks({ merchantId, userIds, until, cursors }: Parts): Ask[] {
  const base = `/api/merchants/${merchantId}`;
  const at = <T>(values: readonly T[], turn: number): T => values[turn % values.length]!;
  // Far apart, and none twice in a run.
  const user = (turn: number): string => at(userIds, turn * 7_919);
  const figures = (days: number) => (turn: number) => {
    // Ranges of the same length, of which a screen asks for several.
    const last = until - 1 - (turn % (windowDays - days + 1)) * dayMs;
    return `${base}/analytics?from=${localDate(last - (days - 1) * dayMs)}&to=${localDate(last)}`;
  };
  const list = { check: contract.listCustomers.response! };
  const log = { check: contract.listScans.response! };
  const sums = { check: contract.getAnalytics.response! };
  return [
    ...sorts.map((sort) => ({ name: `customers by ${sort}`, path: () => `${base}/customers?limit=${limit}&sort=${sort}`, ...list })),
    {
      name: 'customers, far behind',
      path: (turn) => `${base}/customers?limit=${limit}&sort=${deepSort}&cursor=${at(cursors.customers, turn)}`,
      ...list,
    },
    {
      name: 'customers by the beginning of a name',
      path: (turn) => `${base}/customers?limit=${limit}&search=${encodeURIComponent(at(prefixes, turn))}`,
      ...list,
    },
    {
      name: 'customers with a tag',
      path: (turn) => `${base}/customers?limit=${limit}&tag=${at(tagNames, turn)}&sort=${at(sorts, turn)}`,
      ...list,
    },
    { name: 'one customer', path: (turn) => `${base}/customers/${user(turn)}`, check: contract.getCustomer.response! },
    {
      name: 'one customer’s interactions',
      path: (turn) => `${base}/customers/${user(turn)}/interactions?limit=${limit}`,
      check: contract.listInteractions.response!,
    },
    { name: 'scan log', path: () => `${base}/scans?limit=${limit}`, ...log },
    { name: 'scan log, far behind', path: (turn) => `${base}/scans?limit=${limit}&cursor=${at(cursors.scans, turn)}`, ...log },
    { name: 'scan log of one customer', path: (turn) => `${base}/scans?limit=${limit}&userId=${user(turn)}`, ...log },
    ...[7, 30, 90].map((days) => ({ name: `figures of ${days} days`, path: figures(days), ...sums })),
    { name: 'figures of 90 days, not in Redis', path: figures(90), forget: true as const, ...sums },
  ];
}
