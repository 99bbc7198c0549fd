import type { Subscription } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import type { SubscriptionDocument } from './subscriptions.model.js';

export function presentSubscription(subscription: SubscriptionDocument): Subscription {
  const { _id, plan, status, startDate, endDate, amount, currency, paymentMethod, transactionId, notes, autoRenew } = subscription;
  const { nextPlan, grace, version, createdAt, updatedAt } = subscription;
  return {
    id: _id,
    merchantId: _id,
    plan,
    status,
    startDate: startDate.toISOString(),
    endDate: endDate.toISOString(),
    amount,
    currency,
    paymentMethod,
    transactionId,
    notes,
    autoRenew,
    nextPlan,
    graceEndsAt: grace?.until.toISOString() ?? null,
    version,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

export function announceSubscription(tx: Tx, subscription: SubscriptionDocument, reason: string): void {
  const deleted = subscription.closedAt ? { deleted: true as const } : {};
  const shown = presentSubscription(subscription);
  const { merchantId, plan, status, startDate, endDate, amount, currency, paymentMethod, transactionId, notes, version } = shown;
  tx.emit(
    'subscription-updated',
    {
      subscriptionId: shown.id,
      merchantId,
      plan,
      status,
      startDate,
      endDate,
      amount,
      currency,
      paymentMethod,
      transactionId,
      notes,
      reason,
      subscription: shown,
      ...deleted,
      version,
    },
    { merchantId },
  );
}
