import type { z } from 'zod';
import { adminEvents } from './admin/events.js';
import { advisorEvents } from './advisors/events.js';
import type { EventDefinition, EventMeta } from './event.js';
import { financeEvents } from './finance/events.js';
import { loyaltyEvents } from './loyalty/events.js';
import { merchantEvents } from './merchants/events.js';
import { notificationEvents } from './notifications/events.js';
import { orderEvents } from './orders/events.js';
import { payoutEvents } from './payouts/events.js';
import { paymentEvents } from './payments/events.js';
import { planEvents } from './plans/events.js';
import { reconciliationEvents } from './reconciliation/events.js';
import { refundEvents } from './refunds/events.js';
import { subscriptionEvents } from './subscriptions/events.js';
import { systemEvents } from './system/events.js';
import { walletEvents } from './wallet/events.js';

/** Every event, by its type: what it carries, whom it addresses, whom it notifies. */
export const eventCatalogue = {
  ...walletEvents,
  ...refundEvents,
  ...reconciliationEvents,
  ...orderEvents,
  ...paymentEvents,
  ...notificationEvents,
  ...loyaltyEvents,
  ...payoutEvents,
  ...planEvents,
  ...merchantEvents,
  ...subscriptionEvents,
  ...adminEvents,
  ...financeEvents,
  ...advisorEvents,
  ...systemEvents,
};

type Catalogue = typeof eventCatalogue;
export type EventType = keyof Catalogue;
/** What clients see, once checked. */
export type EventData<T extends EventType> = z.output<Catalogue[T]['data']>;
/** What is given to `emit`. */
export type EventInput<T extends EventType> = z.input<Catalogue[T]['data']>;
/** The ids that routing needs. */
export type EventTo<T extends EventType> = z.output<Catalogue[T]['to']>;
/** One feed event as a client gets it. */
export type ServerEvent<T extends EventType> = EventData<T> & { meta: EventMeta };
/** Any event with its type, for reducers and other code that tells events apart by it. */
export type AnyEvent = { [T in EventType]: { type: T; data: EventData<T> } }[EventType];

export const eventTypes = Object.keys(eventCatalogue) as EventType[];

export function isEventType(type: string): type is EventType {
  return Object.hasOwn(eventCatalogue, type);
}

/** The definition of an event whose type is known only at run time. */
export function eventDefinition(type: EventType): EventDefinition {
  return eventCatalogue[type];
}
