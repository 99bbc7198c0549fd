import type { EventData, Notification, RedemptionStatus } from '@tidings/contracts';
import type { NotificationContent, NotificationHandlers } from './content.js';
import { count, reasonWords } from './words.js';

const enrollmentWords: Record<EventData<'enrollment-updated'>['status'], { says: string; type: Notification['type'] }> = {
  requested: { says: 'was requested', type: 'info' },
  approved: { says: 'was approved', type: 'success' },
  declined: { says: 'was declined', type: 'warning' },
  withdrawn: { says: 'was withdrawn', type: 'info' },
  blocked: { says: 'was blocked', type: 'warning' },
  expired: { says: 'has expired', type: 'warning' },
};

const redemptionWords: Record<RedemptionStatus, { title: string; says: string; type: Notification['type'] }> = {
  requested: { title: 'Reward requested', says: 'was requested', type: 'info' },
  confirmed: { title: 'Reward received', says: 'was handed out. Enjoy', type: 'success' },
  cancelled: { title: 'Reward not handed out', says: 'was cancelled; you have your points back', type: 'warning' },
  expired: { title: 'Reward not picked up', says: 'was not picked up in time; you have your points back', type: 'warning' },
};

/** Buttons of what the reader decides. */
const decisions: NonNullable<NotificationContent['actions']> = [
  { action: 'accept', label: 'Accept' },
  { action: 'decline', label: 'Decline' },
];

export const loyaltyNotifications = {
  'qr-scanned': (data) => ({
    title: 'QR code scanned',
    message: data.message || `Your QR code was scanned by ${data.businessName}`,
    type: 'info',
    category: 'loyalty',
    data: { scanId: data.scanId, businessId: data.businessId },
  }),
  'enrollment-requested': (data) => ({
    title: 'Enrollment to decide',
    message:
      data.requestedBy === 'customer'
        ? `${data.customerName} would like to join ${data.programName}.`
        : `${data.businessName} invites you to join ${data.programName}.`,
    type: 'info',
    category: 'loyalty',
    actions: decisions,
    question: `enrollment:${data.enrollmentId}`,
    data: { enrollmentId: data.enrollmentId, businessId: data.businessId, programId: data.programId },
  }),
  'enrollment-updated': (data, { recipient }) => {
    const { says, type } = enrollmentWords[data.status];
    return {
      title: `Enrollment ${data.status}`,
      message: recipient === data.userId ? `Your enrollment ${says}.` : `A customer's enrollment ${says}.`,
      type,
      category: 'loyalty',
      data: {
        enrollmentId: data.enrollmentId,
        businessId: data.businessId,
        programId: data.programId,
        ...(data.cardId ? { cardId: data.cardId } : {}),
      },
    };
  },
  'points-updated': (data) => {
    const { title, message, type } = pointsWords(data);
    return {
      title,
      message,
      type,
      category: 'loyalty',
      ...(data.status === 'pending' ? { actions: decisions, question: `points:${data.pointsId}` } : {}),
      data: { pointsId: data.pointsId, cardId: data.cardId, businessId: data.businessId, delta: data.delta, balance: data.balance },
    };
  },
  'points-expiring': ({ points, businessName, expiresAt, cardId, businessId }) => ({
    title: 'Points will expire',
    message: `${count(points, 'point')} at ${businessName} will expire on ${expiresAt.slice(0, 10)}.`,
    type: 'warning',
    category: 'loyalty',
    data: { cardId, businessId, points },
  }),
  'redemption-updated': ({ redemption, redemptionId, businessId }) => {
    const { title, says, type } = redemptionWords[redemption.status];
    return {
      title,
      message: `${redemption.rewardName} at ${redemption.businessName} ${says}.`,
      type,
      category: 'loyalty',
      data: { redemptionId, businessId, cardId: redemption.cardId },
    };
  },
} satisfies NotificationHandlers;

function pointsWords({
  delta,
  status,
  reason,
  businessName,
  points: { source },
}: EventData<'points-updated'>): Pick<Notification, 'title' | 'message' | 'type'> {
  const points = count(Math.abs(delta), 'point');
  const at = businessName ? ` at ${businessName}` : '';
  const change = delta < 0 ? `The deduction of ${points}${at}` : `The award of ${points}${at}`;
  const undone = delta < 0 ? `The award of ${points}${at} was taken back` : `The deduction of ${points}${at} was given back`;
  switch (status) {
    case 'posted':
      if (source === 'expiry') return { title: 'Points expired', message: `${points}${at} expired.`, type: 'warning' };
      if (source === 'reversal') return { title: 'Points reversed', message: `${undone}: ${reasonWords(reason)}.`, type: 'warning' };
      return delta < 0
        ? {
            title: 'Points used',
            message: `${points} ${Math.abs(delta) === 1 ? 'was' : 'were'} deducted${at}: ${reasonWords(reason)}.`,
            type: 'info',
          }
        : { title: 'Points earned', message: `You earned ${points}${businessName ? ` from ${businessName}` : ''}!`, type: 'success' };
    case 'pending':
      return { title: 'Points wait for approval', message: `${change} waits for approval.`, type: 'info' };
    case 'denied':
      return { title: 'Points not approved', message: `${change} was not approved.`, type: 'warning' };
    case 'reversed':
      return { title: 'Points reversed', message: `${change} was reversed: ${reasonWords(reason)}.`, type: 'warning' };
  }
}
