import { eventCatalogue, type EventDefinition } from '@tidings/contracts';
import { adminNotifications } from './admin.js';
import { advisorNotifications } from './advisors.js';
import type { NotificationContent, NotificationHandlers } from './content.js';
import { loyaltyNotifications } from './loyalty.js';
import { merchantNotifications } from './merchants.js';
import { orderNotifications } from './orders.js';
import { payoutNotifications } from './payouts.js';
import { paymentNotifications } from './payments.js';
import { planNotifications } from './plans.js';
import { securityNotifications } from './security.js';
import { subscriptionNotifications } from './subscriptions.js';
import { walletNotifications } from './wallet.js';

type AnyHandler = (data: Record<string, unknown>, context: { to: unknown; recipient: string }) => NotificationContent;

export interface NotificationRegistry {
  /** @throws Error when no handler has this type, or the handler failed */
  content(event: { type: string; data: Record<string, unknown>; to: unknown }, recipient: string): NotificationContent;
}

/** By domain; a new one adds its line here. */
export const notificationDomains: Readonly<Record<string, NotificationHandlers>> = {
  wallet: walletNotifications,
  orders: orderNotifications,
  payments: paymentNotifications,
  loyalty: loyaltyNotifications,
  plans: planNotifications,
  merchants: merchantNotifications,
  subscriptions: subscriptionNotifications,
  payouts: payoutNotifications,
  admin: adminNotifications,
  advisors: advisorNotifications,
  security: securityNotifications,
};

/**
 * Joins the domains' handlers and compares them with the catalogue.
 * @throws Error at start, naming every event that notifies and has no handler, has two, or has one and notifies nobody
 */
export function createNotificationRegistry(
  domains: Readonly<Record<string, NotificationHandlers>> = notificationDomains,
  catalogue: Readonly<Record<string, Pick<EventDefinition, 'notifies'>>> = eventCatalogue,
): NotificationRegistry {
  const handlers = new Map<string, { domain: string; handler: AnyHandler }>();
  const faults: string[] = [];
  for (const [domain, own] of Object.entries(domains)) {
    for (const [type, handler] of Object.entries(own)) {
      const first = handlers.get(type);
      if (first) faults.push(`${type} has two handlers: in ${first.domain} and in ${domain}`);
      if (!catalogue[type]?.notifies) faults.push(`${type} has a handler in ${domain}, but the catalogue notifies nobody of it`);
      // Each handler takes the payload of its own type, which the outbox has checked when the event was emitted.
      handlers.set(type, { domain, handler: handler as AnyHandler });
    }
  }
  for (const [type, definition] of Object.entries(catalogue)) {
    if (definition.notifies && !handlers.has(type)) faults.push(`${type} notifies, and no handler puts it into words`);
  }
  if (faults.length > 0)
    throw new Error(`The notification handlers do not fit the catalogue:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);

  return {
    content(event, recipient) {
      const found = handlers.get(event.type);
      if (!found) throw new Error(`No handler for events of type ${event.type}`);
      return found.handler(event.data, { to: event.to, recipient });
    },
  };
}
