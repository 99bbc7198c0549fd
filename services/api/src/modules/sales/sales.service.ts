import { Problem, type Principal, type Sales, type SalesQuery } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { assertMayLook, type Merchants } from '../merchants/index.js';
import { accountId, type WalletModels } from '../wallet/index.js';
import { dayRange } from './days.js';
import { byDay, byItem, salesPostings, type DayRow, type ItemRow, type SumsRow } from './sales.pipelines.js';

const mostItems = 1_000;
const patienceMs = 10_000;
/** MaxTimeMSExpired: https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml */
const tookTooLong = 50;

export interface SalesService {
  /**
   * From the ledger's postings, so that what was earned here and what was paid out is the balance.
   * @throws Problem `not-found`, `forbidden`, `bad-request` (the range), `unavailable` when it takes longer than 10 s
   */
  report(caller: Principal, merchantId: string, query: SalesQuery): Promise<Sales>;
}

export function createSales({
  mongo,
  postings,
  merchants,
}: Pick<WalletModels, 'postings'> & { mongo: Mongo; merchants: Merchants }): SalesService {
  const aggregate = async <Row>(pipeline: Parameters<typeof postings.aggregate>[0]): Promise<Row[]> => {
    try {
      return await postings.aggregate<Row>(pipeline).option({ maxTimeMS: patienceMs }).hint({ account: 1, at: 1 });
    } catch (error) {
      if ((error as { code?: unknown }).code !== tookTooLong) throw error;
      throw new Problem('unavailable', 'This takes too long; ask for fewer days', { cause: error });
    }
  };

  return {
    async report(caller, merchantId, { from, to, by }) {
      const { currency, timeZone } = await merchants.get(merchantId);
      await assertMayLook(mongo, caller, merchantId, 'sales');
      const { dates, boundaries } = dayRange(timeZone, { from, to }, new Date());
      const [begin, end] = [boundaries[0] ?? new Date(0), boundaries.at(-1) ?? new Date(0)];
      const own = salesPostings(accountId({ kind: 'merchant', ownerId: merchantId, currency }), begin, end);
      const head = { merchantId, currency, timeZone, from: dates[0] ?? '', to: dates.at(-1) ?? '' };

      if (by === 'item') {
        const [found] = await aggregate<{ total: SumsRow[]; items: ItemRow[] }>([own, byItem(mostItems)]);
        const total = found?.total[0] ?? nothing;
        const items = found?.items.flatMap(presentItem) ?? [];
        const sumOf = (field: 'gross' | 'refunds') => items.reduce((sum, item) => sum + item[field], 0);
        const other = withNet({ gross: total.gross - sumOf('gross'), refunds: total.refunds - sumOf('refunds') });
        return { ...head, total: { orders: total.orders, ...withNet(total) }, items, other };
      }
      const rows = await aggregate<DayRow>([own, byDay(boundaries)]);
      const known = new Map(rows.map((row) => [row._id.getTime(), row]));
      const days = dates.map((date, index) => {
        const row = known.get(boundaries[index]?.getTime() ?? Number.NaN) ?? nothing;
        return { date, orders: row.orders, ...withNet(row) };
      });
      const total = days.reduce(
        (sum, { orders, gross, refunds }) => ({ orders: sum.orders + orders, gross: sum.gross + gross, refunds: sum.refunds + refunds }),
        nothing,
      );
      return { ...head, total: { orders: total.orders, ...withNet(total) }, days };
    },
  };
}

const nothing: SumsRow = { orders: 0, gross: 0, refunds: 0 };

const withNet = ({ gross, refunds }: Omit<SumsRow, 'orders'>) => ({ gross, refunds, net: gross - refunds });

function presentItem({ _id: itemId, name, quantity, cancelled, ...sums }: ItemRow): NonNullable<Sales['items']> {
  return itemId === null || name === null ? [] : [{ itemId, name, quantity, cancelled, ...withNet(sums) }];
}
