import type { OutboxEvent, Tx } from '@tidings/feed';
import type { NotificationContent } from '../notifications/content.js';

export interface Delivery {
  event: OutboxEvent;
  userId: string;
  content: NotificationContent;
}

/**
 * One way to reach a person. `write` runs in the transaction that marks the event handled, so it touches nothing but the database: in the app
 * that is the notification itself; what leaves the house (e-mail, push, webhooks) is a durable job, named by event, person and channel.
 */
export interface Channel {
  readonly name: string;
  /**
   * Of one event or several. Leaves out what an earlier, interrupted run has written; with `isFirst` it trusts that there was none, and fails
   * with a duplicate key where there was. Answers with what it wrote.
   */
  write(tx: Tx, deliveries: readonly Delivery[], isFirst: boolean): Promise<readonly Delivery[]>;
}
