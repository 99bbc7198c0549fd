import type { PipelineStage } from 'mongoose';

/** One group of postings, in minor units. */
export interface SumsRow {
  orders: number;
  gross: number;
  refunds: number;
}

export interface DayRow extends SumsRow {
  /** When the day begins. */
  _id: Date;
}

export interface ItemRow extends Omit<SumsRow, 'orders'> {
  /** null: payments without an order. */
  _id: string | null;
  name: string | null;
  quantity: number;
  cancelled: number;
}

const isPayment = { $eq: ['$type', 'payment'] };

/** The earnings are what the ledger says, whatever became of the orders since; an index holds a merchant's postings in the order of time. */
export function salesPostings(account: string, from: Date, to: Date): PipelineStage.Match {
  return { $match: { account, at: { $gte: from, $lt: to }, type: { $in: ['payment', 'refund'] } } };
}

const sums = {
  orders: { $sum: { $cond: [{ $and: [isPayment, { $gt: ['$orderId', null] }] }, 1, 0] } },
  gross: { $sum: { $cond: [isPayment, '$amount', 0] } },
  refunds: { $sum: { $cond: [isPayment, 0, { $multiply: ['$amount', -1] }] } },
};

/** @param boundaries when each day begins, and when the last one ends: days of a time zone, whatever the server knows of it */
export const byDay = (boundaries: Date[]): PipelineStage.Bucket => ({ $bucket: { groupBy: '$at', boundaries, output: sums } });

/** How far the lines have come: `upTo` of the order's price, `given` of the amount. */
const spread = {
  $reduce: {
    input: '$lines',
    initialValue: { upTo: 0, given: 0, lines: [] },
    in: {
      $let: {
        vars: { upTo: { $add: ['$$value.upTo', { $multiply: ['$$this.price', '$$this.quantity'] }] } },
        in: {
          $let: {
            vars: {
              given: {
                $cond: [
                  // A whole payment needs no division, and neither does the last line.
                  { $eq: ['$amount', '$order.price'] },
                  '$$upTo',
                  {
                    $cond: [
                      { $gte: ['$$upTo', '$order.price'] },
                      '$amount',
                      { $toLong: { $floor: { $divide: [{ $multiply: ['$amount', '$$upTo'] }, '$order.price'] } } },
                    ],
                  },
                ],
              },
            },
            in: {
              upTo: '$$upTo',
              given: '$$given',
              lines: {
                $concatArrays: [
                  '$$value.lines',
                  [
                    {
                      itemId: '$$this.itemId',
                      name: '$$this.name',
                      quantity: '$$this.quantity',
                      part: { $subtract: ['$$given', '$$value.given'] },
                    },
                  ],
                ],
              },
            },
          },
        },
      },
    },
  },
};

/**
 * Each posting is spread over the lines of its order: a payment is the sum of the lines; a refund of a part counts for each in proportion
 * to its price, and the last takes what rounding has left, so that the parts come to the whole.
 */
const spreadOverItems: PipelineStage.FacetPipelineStage[] = [
  {
    $lookup: {
      from: 'orders',
      localField: 'orderId',
      foreignField: '_id',
      as: 'order',
      pipeline: [{ $project: { items: 1, price: 1, status: 1 } }],
    },
  },
  { $project: { isPayment, amount: { $abs: '$amount' }, order: { $first: '$order' } } },
  { $addFields: { lines: { $ifNull: ['$order.items', []] } } },
  {
    $project: {
      isPayment: 1,
      isGone: { $in: ['$order.status', ['cancelled', 'rejected']] },
      lines: {
        $cond: [
          { $eq: ['$lines', []] },
          [{ itemId: null, name: null, quantity: 0, part: '$amount' }],
          { $getField: { field: 'lines', input: spread } },
        ],
      },
    },
  },
  { $unwind: '$lines' },
  {
    $group: {
      _id: '$lines.itemId',
      // Postings come in the order of time.
      name: { $last: '$lines.name' },
      quantity: { $sum: { $cond: [{ $and: ['$isPayment', { $not: '$isGone' }] }, '$lines.quantity', 0] } },
      cancelled: { $sum: { $cond: [{ $and: ['$isPayment', '$isGone'] }, '$lines.quantity', 0] } },
      gross: { $sum: { $cond: ['$isPayment', '$lines.part', 0] } },
      refunds: { $sum: { $cond: ['$isPayment', 0, '$lines.part'] } },
    },
  },
  { $sort: { gross: -1, _id: 1 } },
];

/** The sums of all, and the items that brought most, read in one go: what is in none of these is the difference. */
export const byItem = (limit: number): PipelineStage.Facet => ({
  $facet: { total: [{ $group: { _id: null, ...sums } }], items: [...spreadOverItems, { $limit: limit }] },
});
