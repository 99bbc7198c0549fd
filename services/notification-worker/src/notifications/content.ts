import type { Answer, EventData, EventTo, EventType, Notification } from '@tidings/contracts';

/** What a notification says; who gets it, when and how is not the handler's business. */
export interface NotificationContent {
  title: string;
  message: string;
  type: Notification['type'];
  /** A lower-case word by which people mute and group: `order`, `payment`, … */
  category: string;
  orderId?: string;
  /** Ids of what it is about, for deep links. */
  data?: Record<string, string | number | boolean | null>;
  actions?: { action: Answer; label: string }[];
  /** What the buttons decide, `{kind}:{id}`; with `actions` only. */
  question?: string;
}

export interface NotificationContext<Type extends EventType> {
  to: EventTo<Type>;
  /** The user id of who gets it: a customer and a merchant read different words of the same event. */
  recipient: string;
}

/** Puts one event into words for one person. Pure; an error that it throws is a fault of ours and is not tried again soon. */
export type NotificationHandler<Type extends EventType> = (
  data: EventData<Type>,
  context: NotificationContext<Type>,
) => NotificationContent;

/** The handlers of one domain, by event type. */
export type NotificationHandlers = { readonly [Type in EventType]?: NotificationHandler<Type> };
