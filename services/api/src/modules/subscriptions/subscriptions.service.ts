import {
  badField,
  type PaidPlan,
  type Principal,
  Problem,
  type RenewalInput,
  type SubscriptionPlan,
  type SubscriptionsQuery,
  type SubscriptionUpdate,
  type SubscriptionUsage,
} from '@tidings/contracts';
import type { Tx, UnitOfWork } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';
import type { Paged } from '../../http/lists.js';
import { readOrdered } from '../../http/ordered.js';
import {
  assertSeen,
  daysAfter,
  graceSince,
  presentSubscription,
  remindedAt,
  type Entitlements,
  type SubscriptionDocument,
  type SubscriptionFields,
} from '../entitlements/index.js';
import type { Memberships } from '../identity/index.js';
import { assertMayLook, isMember, type MerchantDocument, type Merchants } from '../merchants/index.js';
import type { CheckoutDocument } from './invoices.model.js';
import { isUpgrade } from './prices.js';
import { byAdmin, next } from './subscription-states.js';
import type { Purchase, SubscriptionSteps } from './subscription-steps.js';
import type { Usage } from './usage.js';

export interface Subscriptions {
  /** An administrator's look is audited. @throws Problem `not-found`, `forbidden` */
  get(caller: Principal, merchantId: string): Promise<SubscriptionDocument>;
  /** @throws Problem `not-found`, `forbidden` */
  usage(caller: Principal, merchantId: string): Promise<SubscriptionUsage>;
  /** What a renewal would pay for. @throws Problem `not-found`, `forbidden`, `invalid-transition`, `renewal-too-early`, `bad-request` (which plan) */
  planOf(caller: Principal, merchantId: string, input: Pick<RenewalInput, 'plan'>): Promise<PaidPlan>;
  /** Before a provider is paid for it. @throws Problem as `renew` */
  beginCheckout(tx: Tx, caller: Principal, merchantId: string, plan: PaidPlan, ifMatch?: string): Promise<SubscriptionDocument>;
  /** From the caller's wallet. @throws Problem as `planOf`, `insufficient-funds`, `version-mismatch` */
  renew(tx: Tx, caller: Principal, merchantId: string, input: RenewalInput, ifMatch?: string): Promise<SubscriptionDocument>;
  /** With what a provider has brought into the wallet of who asked. @throws Problem as `renew` */
  renewAsPaid(tx: Tx, checkout: CheckoutDocument): Promise<void>;
  /**
   * A larger plan at once, for the difference; a smaller one, and what follows a trial, when the period ends. The plan that it has takes a smaller one back.
   * @throws Problem `not-found`, `forbidden`, `invalid-transition`, `insufficient-funds`, `version-mismatch`
   */
  changePlan(tx: Tx, caller: Principal, merchantId: string, plan: PaidPlan, ifMatch?: string): Promise<SubscriptionDocument>;
  /** @throws Problem `not-found`, `forbidden`, `invalid-transition`, `version-mismatch` */
  cancel(tx: Tx, caller: Principal, merchantId: string, ifMatch?: string): Promise<SubscriptionDocument>;
  /** @throws Problem as `cancel` */
  resume(tx: Tx, caller: Principal, merchantId: string, ifMatch?: string): Promise<SubscriptionDocument>;
  /** What ends first comes first; for administrators. Those of deleted merchants are in no list. @throws Problem `bad-request` for a cursor of another list */
  list(query: SubscriptionsQuery): Promise<Paged<SubscriptionDocument>>;
  /** By an administrator or a machine, without a payment; audited. @throws Problem `not-found`, `invalid-transition`, `version-mismatch`, `bad-request` (the end) */
  update(tx: Tx, merchantId: string, input: SubscriptionUpdate, ifMatch?: string): Promise<SubscriptionDocument>;
  /** As `update` of the plan, as one of many; null when it has that plan. @throws Problem `not-found` */
  setPlan(tx: Tx, merchantId: string, plan: SubscriptionPlan): Promise<MerchantDocument | null>;
}

/** What ends first comes first. */
const byEnd = { name: 'end', field: 'endDate', direction: 1 } as const;
/** A period is paid at the earliest so many days before it begins: who pays twice by mistake is told so. */
const earliestDays = 14;
/** Of an end that an administrator sets: beyond it are slips of the pen, and years that no date is written with. */
const furthestMs = 10 * 366 * 86_400_000;

export function createSubscriptions(options: {
  mongo: Mongo;
  entitlements: Entitlements;
  steps: SubscriptionSteps;
  usage: Usage;
  merchants: Pick<Merchants, 'get'>;
  memberships: Pick<Memberships, 'roleOf'>;
  unitOfWork: UnitOfWork;
}): Subscriptions {
  const { mongo, entitlements, steps, usage, merchants, memberships, unitOfWork } = options;
  const { records, catalogue, models } = entitlements;

  /** One that is older than subscriptions has its trial from the first look on. */
  const read = async (merchant: MerchantDocument, tx?: Tx): Promise<SubscriptionDocument> => {
    if (tx) return records.begin(tx, merchant);
    const found = await records.find(merchant._id);
    return found ?? (await unitOfWork.run({ actor: null }, (own) => records.begin(own, merchant))).result;
  };

  const assertOwner = async (tx: Tx, userId: string, merchantId: string): Promise<void> => {
    if ((await memberships.roleOf(tx, { userId, merchantId })) !== 'owner')
      throw new Problem('forbidden', 'Only owners of this merchant may do this');
  };

  /** For an owner who is about to change it. Administrators have a way of their own. */
  const own = async (tx: Tx, userId: string, merchantId: string, ifMatch?: string) => {
    const merchant = await merchants.get(merchantId, tx);
    await assertOwner(tx, userId, merchantId);
    const subscription = await read(merchant, tx);
    assertSeen(subscription, ifMatch);
    return { merchant, subscription };
  };

  const buy = (tx: Tx, at: { merchant: MerchantDocument; subscription: SubscriptionDocument }, purchase: Purchase) => {
    assertRenewable(at.subscription, purchase.plan, { now: tx.now, timeZone: at.merchant.timeZone });
    return steps.renew(tx, at.merchant, at.subscription, purchase);
  };

  /** By whoever may, without a payment. */
  const set = async (
    tx: Tx,
    merchant: MerchantDocument,
    before: SubscriptionDocument,
    { input, reason }: { input: SubscriptionUpdate; reason: string },
  ): Promise<SubscriptionDocument> => {
    const fields = updated(before, input, { now: tx.now, timeZone: merchant.timeZone, price: (plan) => catalogue[plan].price });
    const changed = Object.keys(input).filter((field) => input[field as keyof SubscriptionUpdate] !== undefined);
    await tx.audit({
      action: 'subscription.update',
      target: `merchant:${merchant._id}`,
      details: { changed, ...auditOf(before, fields) },
    });
    const after = await steps.change(tx, merchant, before, { fields, reason });
    tx.auditChange({ before: presentSubscription(before), after: presentSubscription(after) });
    return after;
  };

  const service: Subscriptions = {
    async get(caller, merchantId) {
      const merchant = await merchants.get(merchantId);
      await assertMayLook(mongo, caller, merchantId, 'subscription');
      return read(merchant);
    },

    async usage(caller, merchantId) {
      const { plan } = await service.get(caller, merchantId);
      const { limits } = catalogue[plan];
      const used = await usage(merchantId);
      const of = (what: keyof typeof used) => ({ limit: limits[what], used: used[what] });
      return { plan, items: of('items'), programs: of('programs'), staff: of('staff') };
    },

    async planOf(caller, merchantId, { plan }) {
      const merchant = await merchants.get(merchantId);
      if (!isMember(caller, merchantId)) throw new Problem('forbidden', 'Only owners of this merchant may do this');
      return renewedPlan(await read(merchant), plan);
    },

    async beginCheckout(tx, caller, merchantId, plan, ifMatch) {
      const { merchant, subscription } = await own(tx, caller.userId, merchantId, ifMatch);
      assertRenewable(subscription, plan, { now: tx.now, timeZone: merchant.timeZone });
      return subscription;
    },

    async renew(tx, caller, merchantId, { plan, autoRenew, paymentMethod }, ifMatch) {
      const at = await own(tx, caller.userId, merchantId, ifMatch);
      return buy(tx, at, { plan: renewedPlan(at.subscription, plan), userId: caller.userId, paymentMethod, autoRenew });
    },

    async renewAsPaid(tx, { merchantId, userId, plan, autoRenew, paymentMethod }) {
      await buy(tx, await own(tx, userId, merchantId), { plan, userId, paymentMethod, autoRenew });
    },

    async changePlan(tx, caller, merchantId, plan, ifMatch) {
      const { userId } = caller;
      const { merchant, subscription } = await own(tx, userId, merchantId, ifMatch);
      const { status, plan: current } = subscription;
      if (status !== 'active' && status !== 'pending')
        throw new Problem('invalid-transition', `The plan of a subscription that is ${status} does not change: renew or resume it`);
      if (status === 'active' && current !== 'freeTrial' && isUpgrade(current, plan))
        return steps.upgrade(tx, merchant, subscription, { plan, userId });
      const nextPlan = plan === current ? null : plan;
      if (nextPlan === subscription.nextPlan) return subscription;
      const reason = nextPlan === null ? 'plan-kept' : 'plan-scheduled';
      return steps.change(tx, merchant, subscription, { fields: { nextPlan, autoRenew: true, payerId: userId }, reason });
    },

    async cancel(tx, caller, merchantId, ifMatch) {
      const { merchant, subscription } = await own(tx, caller.userId, merchantId, ifMatch);
      const status = next(subscription.status, 'cancelled');
      const fields = { status, autoRenew: false, nextPlan: null, grace: null };
      return steps.change(tx, merchant, subscription, { fields, reason: 'cancelled' });
    },

    async resume(tx, caller, merchantId, ifMatch) {
      const { merchant, subscription } = await own(tx, caller.userId, merchantId, ifMatch);
      const status = next(subscription.status, 'resumed');
      const autoRenew = subscription.plan !== 'freeTrial';
      return steps.change(tx, merchant, subscription, { fields: { status, autoRenew, payerId: caller.userId }, reason: 'resumed' });
    },

    async list({ limit, cursor, status, plan, endsBefore }) {
      const wanted = { ...(status === undefined ? {} : { status }), ...(plan === undefined ? {} : { plan }) };
      // What comes behind a cursor is a condition of its own.
      const range = endsBefore === undefined ? {} : { $and: [{ endDate: { $lt: new Date(endsBefore) } }] };
      const asked = Object.fromEntries(Object.keys(wanted).map((field) => [field, 1 as const]));
      const hint = { closedAt: 1 as const, ...asked, endDate: 1 as const, _id: 1 as const };
      return readOrdered(models.subscriptions, { closedAt: null, ...wanted, ...range }, byEnd, { limit, cursor, hint });
    },

    async update(tx, merchantId, input, ifMatch) {
      const merchant = await merchants.get(merchantId, tx);
      const before = await read(merchant, tx);
      assertSeen(before, ifMatch);
      return set(tx, merchant, before, { input, reason: 'administrator' });
    },

    async setPlan(tx, merchantId, plan) {
      const merchant = await merchants.get(merchantId, tx);
      const before = await read(merchant, tx);
      if (before.plan === plan) return null;
      await set(tx, merchant, before, { input: { plan }, reason: 'bulk' });
      return merchant;
    },
  };
  return service;
}

/** The plan that was named; else the one it has, or is to have after this period. */
function renewedPlan({ status, plan, nextPlan }: SubscriptionDocument, wanted: PaidPlan | undefined): PaidPlan {
  const isRunning = (status === 'active' || status === 'cancelled') && plan !== 'freeTrial';
  const chosen = wanted ?? (isRunning ? plan : (nextPlan ?? plan));
  if (chosen !== 'freeTrial') return chosen;
  throw badField('plan', 'choose what follows the trial');
}

/** @throws Problem `invalid-transition`, `renewal-too-early` */
function assertRenewable(subscription: SubscriptionDocument, plan: SubscriptionPlan, place: { now: Date; timeZone: string }): void {
  const { status, endDate, plan: current } = subscription;
  next(status, 'paid');
  const isRunning = (status === 'active' || status === 'cancelled') && current !== 'freeTrial';
  if (!isRunning) return;
  const earliest = daysAfter(endDate, -earliestDays, place.timeZone);
  if (place.now < earliest)
    throw new Problem('renewal-too-early', `It is paid until ${endDate.toISOString()}, and renewed from ${earliest.toISOString()} on`);
  if (plan !== current) throw new Problem('invalid-transition', 'Change the plan first, or wait for the end of the period');
}

function updated(
  before: SubscriptionDocument,
  { plan, status: wanted, endDate, notes }: SubscriptionUpdate,
  { now, timeZone, price }: { now: Date; timeZone: string; price: (plan: SubscriptionPlan) => number },
): SubscriptionFields {
  const status = wanted === undefined || wanted === before.status ? before.status : next(before.status, byAdmin[wanted]);
  // What is cancelled while a payment is due, or has expired, has ended.
  const end = endDate === undefined ? (status === 'expired' && before.endDate > now ? now : before.endDate) : new Date(endDate);
  if (status !== 'expired' && status !== 'pending' && (endDate !== undefined || status !== before.status) && end <= now)
    throw badField('endDate', 'must be in the future');
  if (endDate !== undefined && Math.abs(end.getTime() - now.getTime()) > furthestMs) throw badField('endDate', 'must be within ten years');
  const isNewEnd = end.getTime() !== before.endDate.getTime();
  const grace = status === 'pending' ? (before.grace ?? graceSince(now, timeZone)) : null;
  return {
    status,
    grace,
    ...(plan === undefined || plan === before.plan
      ? {}
      : { plan, amount: price(plan), nextPlan: null, ...(plan === 'freeTrial' ? { autoRenew: false } : {}) }),
    ...(isNewEnd || (plan !== undefined && plan !== before.plan) ? { before: null } : {}),
    ...(isNewEnd ? { endDate: end, anchor: end, anchorMonths: 0, reminded: remindedAt(end, now, timeZone) } : {}),
    ...(status === 'cancelled' || status === 'expired' ? { autoRenew: false } : {}),
    ...(notes === undefined ? {} : { notes }),
  };
}

const auditOf = (
  before: SubscriptionDocument,
  { plan = before.plan, status = before.status, endDate = before.endDate }: SubscriptionFields,
) => ({
  planBefore: before.plan,
  plan,
  statusBefore: before.status,
  status,
  endDateBefore: before.endDate.toISOString(),
  endDate: endDate.toISOString(),
});
