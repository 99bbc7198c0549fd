import type { Order, OrderStatus } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

export type OrderLine = Order['items'][number] & {
  /** Pieces were taken from the stock, and go back when the order ends without them; an item that nobody counted then may be counted now. */
  stockTaken?: true;
};

export interface OrderDocument {
  _id: string;
  userId: string;
  /** As it was when the order was placed; so are the names and prices of the lines. */
  customerName: string;
  vendorId: string;
  status: OrderStatus;
  items: OrderLine[];
  /** The total, minor units. */
  price: number;
  /** Given back so far, minor units; missing in orders from before there were partial refunds. */
  refunded?: number;
  currency: string;
  estimatedTime: number | null;
  pickupNumber: number;
  /** Once it is ready: when it expires, and whether the money goes back then; by the merchant's rule at that time. */
  unclaimed?: { at: Date; refund: boolean };
  /** It earned points, or may have: what becomes of its price matters to them. */
  earns?: true;
  note?: string;
  reason?: string;
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

/** The last pickup number of a merchant's day. */
export interface PickupCounter {
  /** `{merchantId}:{YYYY-MM-DD}`, the day in the merchant's time zone. */
  _id: string;
  last: number;
  expiresAt: Date;
}

export interface OrderModels {
  orders: Model<OrderDocument>;
  pickupCounters: Model<PickupCounter>;
}

const text = { type: String, required: true } as const;
const integer = { type: Number, required: true, validate: Number.isSafeInteger } as const;
const time = { type: Date, required: true } as const;
const options = { versionKey: false, strict: 'throw', minimize: false } as const;

const orderSchema = new Schema<OrderDocument>(
  {
    _id: text,
    userId: text,
    customerName: text,
    vendorId: text,
    status: text,
    items: { type: Schema.Types.Mixed, required: true },
    price: integer,
    refunded: Number,
    currency: text,
    estimatedTime: { type: Number, default: null },
    pickupNumber: integer,
    unclaimed: { type: Schema.Types.Mixed },
    earns: Boolean,
    note: String,
    reason: String,
    version: integer,
    createdAt: time,
    updatedAt: time,
  },
  { ...options, collection: 'orders' },
);
orderSchema.index({ userId: 1, createdAt: -1, _id: -1 });
orderSchema.index({ vendorId: 1, createdAt: -1, _id: -1 });
// The kitchen's screen and the tracked orders: a few open ones among all that ever were.
orderSchema.index({ userId: 1, status: 1, createdAt: -1, _id: -1 });
orderSchema.index({ vendorId: 1, status: 1, createdAt: -1, _id: -1 });

const counterSchema = new Schema<PickupCounter>(
  { _id: text, last: integer, expiresAt: time },
  { ...options, collection: 'pickup_counters' },
);
counterSchema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

export function orderModels({ connection }: Pick<Mongo, 'connection'>): OrderModels {
  return {
    orders: connection.models['Order'] ?? connection.model<OrderDocument>('Order', orderSchema),
    pickupCounters: connection.models['PickupCounter'] ?? connection.model<PickupCounter>('PickupCounter', counterSchema),
  };
}
