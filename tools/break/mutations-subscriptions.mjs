/** @typedef {import('./mutations.mjs').Mutation} Mutation */

const folder = 'services/api/src/modules/subscriptions';
const base = 'services/api/src/modules/entitlements';
const serviceTests = `${folder}/subscriptions.service.test.ts`;

/** Of what merchants pay the platform. @type {Mutation[]} */
export const subscriptionMutations = [
  {
    name: 'subscription-early-turn',
    mechanism: 'a turn of the clock waits for its time',
    invariant: 4,
    edits: [{ file: `${folder}/subscription-turns.ts`, search: 'if (aheadMs > earlyMs) throw', replace: 'if (aheadMs > Infinity) throw' }],
    testFile: serviceTests,
    test: 'does not act early by a clock that is behind',
  },
  {
    name: 'subscription-moved-turn',
    mechanism: 'a turn that has nothing to do yet in the new time zone comes again',
    invariant: 4,
    edits: [
      {
        file: `${folder}/subscription-turns.ts`,
        search: 'if (!turn) return records.watch(tx, merchant, subscription);',
        replace: 'if (!turn) return;',
      },
    ],
    testFile: serviceTests,
    test: 'ends also when the merchant has moved to another time zone meanwhile',
  },
  {
    name: 'subscription-closed',
    mechanism: 'nothing is paid for a merchant that was deleted, and no list has it',
    invariant: 7,
    edits: [
      { file: 'services/api/src/modules/merchants/merchants.service.ts', search: 'await subscriptions.close(tx, removed);', replace: '' },
    ],
    testFile: serviceTests,
    test: 'goes with its merchant: it is in no list, nothing is done to it, and screens know',
  },
  {
    name: 'subscription-paid-once',
    mechanism: 'a period that is paid is not paid again',
    invariant: 5,
    edits: [
      { file: `${folder}/subscriptions.service.ts`, search: 'if (place.now < earliest)', replace: 'if (place.now < endDate && !earliest)' },
    ],
    testFile: serviceTests,
    test: 'of two at once one pays',
  },
  {
    name: 'subscription-payer',
    mechanism: 'only an owner’s wallet is charged',
    invariant: 6,
    edits: [
      {
        file: `${folder}/subscription-turns.ts`,
        search: "if ((await memberships.roleOf(tx, { userId, merchantId: merchant._id })) !== 'owner') return false;",
        replace: '',
      },
    ],
    testFile: serviceTests,
    test: 'is not tried where the payer is no owner any more',
  },
  {
    name: 'subscription-grace-end',
    mechanism: 'after the last attempt a subscription expires',
    invariant: 4,
    edits: [{ file: `${base}/subscription-clock.ts`, search: 'attempts >= retryDays.length', replace: 'attempts > 2 * retryDays.length' }],
    testFile: serviceTests,
    test: 'is tried on days 0, 1, 3, 5 and 7, then the subscription expires',
  },
  {
    name: 'subscription-covers',
    mechanism: 'a wallet that does not have enough begins the days of grace',
    invariant: 5,
    edits: [
      {
        file: `${folder}/subscription-turns.ts`,
        search: 'if (!(await fees.covers(tx, { userId, amount: catalogue[plan].price, currency }))) return false;',
        replace: '',
      },
    ],
    testFile: serviceTests,
    test: 'is tried on days 0, 1, 3, 5 and 7, then the subscription expires',
  },
  {
    name: 'subscription-month-ends',
    mechanism: 'periods are counted from their anchor, so that the end of a month returns',
    invariant: 5,
    edits: [
      {
        file: `${folder}/prices.ts`,
        search: 'const end = monthsAfter(anchor, anchorMonths, timeZone);',
        replace: 'const end = monthsAfter(endDate, months, timeZone);',
      },
    ],
    testFile: serviceTests,
    test: 'pays the period that follows, with an invoice, and keeps the day of the month',
  },
  {
    name: 'subscription-proration',
    mechanism: 'the difference of a larger plan is rounded down',
    invariant: 5,
    edits: [{ file: `${folder}/prices.ts`, search: 'Math.floor((amount * part) / whole)', replace: 'Math.ceil((amount * part) / whole)' }],
    testFile: serviceTests,
    test: 'to a larger one pays the difference for the days that are left, rounded down',
  },
  {
    name: 'subscription-ahead',
    mechanism: 'a larger plan is paid for each day that it runs, also before a period that was paid ahead',
    invariant: 5,
    edits: [{ file: `${folder}/prices.ts`, search: 'before && now < startDate', replace: 'before && now > startDate' }],
    testFile: serviceTests,
    test: 'counts each day that is left, also of a period that was paid ahead; what is a trial is nobody’s money',
  },
  {
    name: 'subscription-over-period',
    mechanism: 'a period that is over already is not charged for',
    invariant: 5,
    edits: [
      {
        file: `${folder}/prices.ts`,
        search: "subscription.status !== 'expired' && end > now",
        replace: "subscription.status !== 'expired'",
      },
    ],
    testFile: serviceTests,
    test: 'renews once when it was away for months: what is over is not charged',
  },
  {
    name: 'subscription-stops',
    mechanism: 'a merchant whose subscription has expired sells no more',
    invariant: 6,
    edits: [
      {
        file: `${folder}/subscription-steps.ts`,
        search: 'if (stopped === stoppedBy(before.status)) return changed;',
        replace: 'if (changed.version > 0) return changed;',
      },
    ],
    testFile: serviceTests,
    test: 'expired: open orders are finished and refunded, new ones refused, and the menu says so',
  },
  {
    name: 'subscription-suspension',
    mechanism: 'nobody pays their way out of a suspension',
    invariant: 6,
    edits: [
      {
        file: `${folder}/subscription-states.ts`,
        search: 'suspended: { paid: null,',
        replace: "suspended: { paid: 'active',",
      },
    ],
    testFile: `${folder}/subscription-states.test.ts`,
    test: 'nobody pays or waits their way out of a suspension',
  },
  {
    name: 'plan-limit-race',
    mechanism: 'two who add at once meet, so that a plan’s limit holds',
    invariant: 6,
    edits: [
      {
        file: `${base}/plan-limits.ts`,
        search: 'await merchants.updateOne({ _id: merchantId }, { $inc: { limitsVersion: 1 } }, { session: tx.session });',
        replace: '',
      },
    ],
    testFile: serviceTests,
    test: 'no more items, programs and members than the plan has, also at once',
  },
  {
    name: 'invoice-gaps',
    mechanism: 'an invoice’s number is taken in the transaction that pays',
    invariant: 5,
    edits: [
      {
        file: `${folder}/invoices.ts`,
        search: "{ session: tx.session, upsert: true, returnDocument: 'after' }",
        replace: "{ upsert: true, returnDocument: 'after' }",
      },
    ],
    testFile: serviceTests,
    test: 'invoices are numbered without gaps, though payments meet and fail',
  },
];
