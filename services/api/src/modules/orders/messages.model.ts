import type { OrderParty } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

export interface MessageDocument {
  _id: string;
  orderId: string;
  /** 1, 2, 3 … in each order. */
  number: number;
  from: string;
  party: OrderParty;
  text: string;
  createdAt: Date;
}

export interface StoredReadMark {
  upTo: string;
  number: number;
  userId: string;
  at: Date;
}

/** Of an order whose parties wrote to each other. */
export interface ThreadDocument {
  /** The order's id. */
  _id: string;
  /** The number of the last message. */
  last: number;
  read?: Partial<Record<OrderParty, StoredReadMark>>;
}

export interface MessageModels {
  messages: Model<MessageDocument>;
  threads: Model<ThreadDocument>;
}

const text = { type: String, required: true } as const;
const integer = { type: Number, required: true, validate: Number.isSafeInteger } as const;
const options = { versionKey: false, strict: 'throw', minimize: false } as const;

const messageSchema = new Schema<MessageDocument>(
  { _id: text, orderId: text, number: integer, from: text, party: text, text, createdAt: { type: Date, required: true } },
  { ...options, collection: 'order_messages' },
);
messageSchema.index({ orderId: 1, number: -1 }, { unique: true });

const threadSchema = new Schema<ThreadDocument>(
  { _id: text, last: integer, read: { type: Schema.Types.Mixed } },
  { ...options, collection: 'order_threads' },
);

export function messageModels({ connection }: Pick<Mongo, 'connection'>): MessageModels {
  return {
    messages: connection.models['OrderMessage'] ?? connection.model<MessageDocument>('OrderMessage', messageSchema),
    threads: connection.models['OrderThread'] ?? connection.model<ThreadDocument>('OrderThread', threadSchema),
  };
}
