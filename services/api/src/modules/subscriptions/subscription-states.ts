import { Problem, type SubscriptionStatus } from '@tidings/contracts';

/** What happens to a subscription. */
export type Happening =
  /** A period was paid, by whichever way. */
  | 'paid'
  /** The period has ended, and the payment of the next one failed. */
  | 'unpaid'
  /** The period has ended without a next one, or the days of grace have. */
  | 'ended'
  /** By an administrator, and taken back. */
  | 'suspended'
  | 'reinstated'
  /** By an owner or an administrator: it goes on to the period's end. Taken back: `resumed`. */
  | 'cancelled'
  | 'resumed';

/**
 * What it becomes; null: it cannot happen then. Every pair is here, or it does not compile. Nobody pays their way out of a suspension, nor does it
 * end by the clock. Who gives up while a payment is due has no period left to go on to.
 */
export const transitions: Readonly<Record<SubscriptionStatus, Readonly<Record<Happening, SubscriptionStatus | null>>>> = {
  pending: {
    paid: 'active',
    unpaid: 'pending',
    ended: 'expired',
    suspended: 'suspended',
    reinstated: 'active',
    cancelled: 'expired',
    resumed: null,
  },
  active: {
    paid: 'active',
    unpaid: 'pending',
    ended: 'expired',
    suspended: 'suspended',
    reinstated: null,
    cancelled: 'cancelled',
    resumed: null,
  },
  expired: {
    paid: 'active',
    unpaid: null,
    ended: null,
    suspended: 'suspended',
    reinstated: 'active',
    cancelled: null,
    resumed: null,
  },
  suspended: {
    paid: null,
    unpaid: null,
    ended: null,
    suspended: null,
    reinstated: 'active',
    cancelled: 'cancelled',
    resumed: null,
  },
  cancelled: {
    paid: 'active',
    unpaid: null,
    ended: 'expired',
    suspended: 'suspended',
    reinstated: 'active',
    cancelled: null,
    resumed: 'active',
  },
};

/** @throws Problem `invalid-transition` */
export function next(status: SubscriptionStatus, happening: Happening): SubscriptionStatus {
  const becomes = transitions[status][happening];
  if (becomes === null) throw new Problem('invalid-transition', `A subscription that is ${status} cannot be ${happening}`);
  return becomes;
}

/** What an administrator makes happen by setting a status. */
export const byAdmin: Readonly<Record<SubscriptionStatus, Happening>> = {
  pending: 'unpaid',
  active: 'reinstated',
  expired: 'ended',
  suspended: 'suspended',
  cancelled: 'cancelled',
};

/** Which of them end selling and scanning. */
const stops: Readonly<Record<SubscriptionStatus, 'expired' | 'suspended' | undefined>> = {
  pending: undefined,
  active: undefined,
  cancelled: undefined,
  expired: 'expired',
  suspended: 'suspended',
};
export const stoppedBy = (status: SubscriptionStatus): 'expired' | 'suspended' | undefined => stops[status];
