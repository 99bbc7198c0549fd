import { z } from 'zod';
import type { AnyEvent } from '../events.js';
import { reduceCards, reduceEnrollments, reducePoints, reduceRedemptions } from '../loyalty/reduce.js';
import { cardSchema, enrollmentSchema, pointsEntrySchema, redemptionSchema } from '../loyalty/schemas.js';
import { reduceNotifications } from '../notifications/reduce.js';
import { notificationSchema } from '../notifications/schemas.js';
import { reduceOrders } from '../orders/reduce.js';
import { orderThreadSchema } from '../orders/messages.js';
import { orderSchema } from '../orders/schemas.js';
import { reduceThreads } from '../orders/thread.js';
import { reducePaymentRequests } from '../payments/reduce.js';
import { investmentSchema } from '../plans/investments.js';
import { reduceInvestments } from '../plans/reduce.js';
import { paymentRequestSchema } from '../payments/requests.js';
import { reduceTransactions, reduceWallet } from '../wallet/reduce.js';
import { walletSchema, walletTransactionSchema } from '../wallet/schemas.js';

/** One thing that a user's screen keeps from the events of `user:{id}`. */
interface Part<Schema extends z.ZodType> {
  schema: Schema;
  empty: z.output<Schema>;
  reduce: (state: z.output<Schema>, event: AnyEvent) => z.output<Schema>;
}

const part = <Schema extends z.ZodType>(schema: Schema, empty: Part<Schema>['empty'], reduce: Part<Schema>['reduce']): Part<Schema> => ({
  schema,
  empty,
  reduce,
});

/** Every reducer of the user's own feed, as clients use it: a domain that adds one adds it here, and every past screen shows it too. */
const parts = {
  wallet: part(walletSchema.nullable(), null, reduceWallet),
  transactions: part(z.array(walletTransactionSchema).readonly(), [], reduceTransactions),
  orders: part(z.array(orderSchema).readonly(), [], reduceOrders),
  paymentRequests: part(z.array(paymentRequestSchema).readonly(), [], reducePaymentRequests),
  threads: part(z.array(orderThreadSchema).readonly(), [], reduceThreads),
  enrollments: part(z.array(enrollmentSchema).readonly(), [], reduceEnrollments),
  cards: part(z.array(cardSchema).readonly(), [], reduceCards),
  points: part(z.array(pointsEntrySchema).readonly(), [], reducePoints),
  redemptions: part(z.array(redemptionSchema).readonly(), [], reduceRedemptions),
  investments: part(z.array(investmentSchema).readonly(), [], reduceInvestments),
  notifications: part(z.array(notificationSchema).readonly(), [], reduceNotifications),
};

type Parts = typeof parts;
type PartName = keyof Parts;
/** What a screen that follows `user:{id}` shows, once it has seen every entry up to some `seq`. */
export type Screen = { [Name in PartName]: z.output<Parts[Name]['schema']> };

const names = Object.keys(parts) as PartName[];
const each = <Value>(of: (part: Part<z.ZodType>) => Value): Record<PartName, Value> =>
  Object.fromEntries(names.map((name) => [name, of(parts[name] as unknown as Part<z.ZodType>)])) as Record<PartName, Value>;

export const emptyScreen = each(({ empty }) => empty) as Screen;

// Its fields are those of `parts`, which `Object.fromEntries` cannot tell the compiler.
export const screenSchema = z.strictObject(each(({ schema }) => schema)) as unknown as z.ZodObject<{
  [Name in PartName]: Parts[Name]['schema'];
}>;

/** The screen after the event; the same object when it changes nothing. */
export function reduceScreen(screen: Screen, event: AnyEvent): Screen {
  const next = Object.fromEntries(
    names.map((name) => [name, (parts[name].reduce as (state: unknown, event: AnyEvent) => unknown)(screen[name], event)]),
  ) as Screen;
  return names.every((name) => next[name] === screen[name]) ? screen : next;
}

/**
 * The screen after an entry, from the very text that clients got: `["type",{…,"meta":{…}}]`.
 * @throws SyntaxError when it is not JSON
 */
export function reducePacket(screen: Screen, packet: string): Screen {
  const [type, { meta: _, ...data }] = JSON.parse(packet) as [string, Record<string, unknown>];
  return reduceScreen(screen, { type, data } as unknown as AnyEvent);
}
