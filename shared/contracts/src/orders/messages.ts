import { z } from 'zod';
import { idSchema, listOf, listQuery, text, timeSchema } from '../common.js';

/** Customer and merchant of an order. All members of the merchant speak and read as one. */
export const orderPartySchema = z.enum(['customer', 'vendor']);
export type OrderParty = z.output<typeof orderPartySchema>;

export const messageBody = z.strictObject({ text: text(4000) });
export type MessageInput = z.output<typeof messageBody>;

export const orderMessageSchema = z.strictObject({
  id: idSchema,
  orderId: idSchema,
  /** Counts 1, 2, 3 … in each order, in the order in which the messages were committed. */
  number: z.int().min(1),
  /** Who wrote it, and for which party. */
  from: idSchema,
  party: orderPartySchema,
  text: text(4000),
  createdAt: timeSchema,
});
export type OrderMessage = z.output<typeof orderMessageSchema>;

/** A party has read all messages up to this one. */
export const readMarkSchema = z.strictObject({
  upTo: idSchema,
  /** Of that message: marks only move on. */
  number: z.int().min(1),
  /** Who read it, of that party. */
  userId: idSchema,
  at: timeSchema,
});
export type ReadMark = z.output<typeof readMarkSchema>;

export const readMarksSchema = z.strictObject({ customer: readMarkSchema.nullable(), vendor: readMarkSchema.nullable() });
export type ReadMarks = z.output<typeof readMarksSchema>;

export const messagesQuery = z.strictObject(listQuery);
export const orderMessagesSchema = listOf(orderMessageSchema).extend({ read: readMarksSchema });

/** The messages of one order as clients keep them: what GET answers, newest first. */
export const orderThreadSchema = z.strictObject({
  orderId: idSchema,
  items: z.array(orderMessageSchema).readonly(),
  read: readMarksSchema,
});
export type OrderThread = z.output<typeof orderThreadSchema>;

/** `upTo`: the last message that was seen. */
export const readMessagesBody = z.strictObject({ upTo: idSchema });
export type ReadMessagesInput = z.output<typeof readMessagesBody>;
