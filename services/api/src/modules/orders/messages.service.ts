import { Problem, type MessageInput, type OrderMessage, type OrderParty, type Principal, type ReadMarks } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { newId } from '@tidings/platform';
import { z } from 'zod';
import { decodeCursor, pageOf } from '../../http/lists.js';
import { isMember } from '../merchants/index.js';
import type { MessageDocument, MessageModels, ThreadDocument } from './messages.model.js';
import { presentMessage, presentReadMark, presentReadMarks } from './messages.presenter.js';
import type { OrderDocument } from './orders.model.js';
import type { Orders } from './orders.service.js';

export interface MessagePage {
  items: OrderMessage[];
  nextCursor: string | null;
  read: ReadMarks;
}

/** Customer and merchant write to each other about an order, also when it is finished: that is when there is something to complain of. */
export interface Messages {
  /** Newest first. @throws Problem `not-found`, also for other people's orders */
  list(caller: Principal, orderId: string, query: { limit: number; cursor?: string | undefined }): Promise<MessagePage>;
  /** @throws Problem `not-found` (also for other people's orders), `forbidden` (an administrator who is no party) */
  send(tx: Tx, caller: Principal, orderId: string, input: MessageInput): Promise<MessageDocument>;
  /**
   * The caller's party has read all up to this message; an older one than was read already changes nothing.
   * @throws Problem `not-found` (also the message), `forbidden`
   */
  read(tx: Tx, caller: Principal, orderId: string, upTo: string): Promise<ReadMarks>;
}

const numberKey = z.tuple([z.int().min(1)]);

export function createMessages(options: { models: MessageModels; orders: Pick<Orders, 'get'> }): Messages {
  const { models, orders } = options;
  const { messages, threads } = models;

  /** Who orders at their own stall is there as the customer. */
  const partyOf = (caller: Principal, { userId, vendorId }: OrderDocument): OrderParty => {
    if (caller.userId === userId) return 'customer';
    if (isMember(caller, vendorId)) return 'vendor';
    throw new Problem('forbidden', 'Only the parties of an order write about it');
  };

  return {
    async list(caller, orderId, { limit, cursor }) {
      await orders.get(caller, orderId);
      const before = decodeCursor(cursor, numberKey);
      // The marks first: one that comes meanwhile is in the feed behind the cursor of this answer.
      const thread = await threads.findById(orderId).lean<ThreadDocument>();
      const found = await messages
        .find({ orderId, ...(before ? { number: { $lt: before[0] } } : {}) })
        .sort({ number: -1 })
        .limit(limit + 1)
        .lean<MessageDocument[]>();
      const { page, nextCursor } = pageOf(found, limit, ({ number }) => [number]);
      return { items: page.map(presentMessage), nextCursor, read: presentReadMarks(thread) };
    },

    async send(tx, caller, orderId, { text }) {
      const order = await orders.get(caller, orderId, tx);
      const party = partyOf(caller, order);
      const thread = await threads
        // Two who write at once meet here, so that numbers follow the order of the commits.
        .findOneAndUpdate({ _id: orderId }, { $inc: { last: 1 } }, { session: tx.session, upsert: true, returnDocument: 'after' })
        .lean<ThreadDocument>();
      if (!thread) throw new Error(`The messages of the order ${orderId} were neither found nor made`);
      const message: MessageDocument = {
        _id: newId(),
        orderId,
        number: thread.last,
        from: caller.userId,
        party,
        text,
        createdAt: tx.now,
      };
      await messages.insertMany([message], { session: tx.session });
      tx.emit(
        'order-message',
        { orderId, messageId: message._id, from: caller.userId, text, message: presentMessage(message) },
        { orderId, userId: order.userId, merchantId: order.vendorId },
      );
      return message;
    },

    async read(tx, caller, orderId, upTo) {
      const order = await orders.get(caller, orderId, tx);
      const by = partyOf(caller, order);
      const message = await messages.findOne({ _id: upTo, orderId }, null, { session: tx.session }).lean<MessageDocument>();
      if (!message) throw new Problem('not-found', 'There is no such message in this order');
      const mark = { upTo, number: message.number, userId: caller.userId, at: tx.now };
      const moved = await threads
        .findOneAndUpdate(
          { _id: orderId, $or: [{ [`read.${by}.number`]: { $lt: message.number } }, { [`read.${by}`]: { $exists: false } }] },
          { $set: { [`read.${by}`]: mark } },
          { session: tx.session, returnDocument: 'after' },
        )
        .lean<ThreadDocument>();
      if (!moved) return presentReadMarks(await threads.findById(orderId, null, { session: tx.session }).lean<ThreadDocument>());
      tx.emit(
        'order-messages-read',
        { orderId, by, userId: caller.userId, upTo, read: presentReadMark(mark) },
        { orderId, userId: order.userId, merchantId: order.vendorId },
      );
      return presentReadMarks(moved);
    },
  };
}
