import type { EventData, Notification } from '@tidings/contracts';
import type { NotificationHandlers } from './content.js';
import { count } from './words.js';

const investmentWords: Record<EventData<'investment-updated'>['status'], { title: string; says: string; type: Notification['type'] }> = {
  ACTIVE: { title: 'Investment active', says: 'is active', type: 'success' },
  MATURED: { title: 'Investment matured', says: 'has matured: the principal and its return are in your wallet', type: 'success' },
  REFUNDED: { title: 'Investment refunded', says: 'was refunded to your wallet', type: 'info' },
};

const terms = ({ roi, duration }: { roi: number; duration: number }): string => `${roi} % over ${count(duration, 'day')}`;

export const planNotifications = {
  'plan-created': ({ planId, planData }) => ({
    title: 'New plan',
    message: `${planData.name} is open: ${terms(planData)}.`,
    type: 'info',
    category: 'plan',
    data: { planId },
  }),
  'plan-updated': ({ planId, planData }) => ({
    title: 'Plan changed',
    message: `${planData.name} has changed: now ${terms(planData)}.`,
    type: 'info',
    category: 'plan',
    data: { planId },
  }),
  'plan-deleted': ({ planId, planData }) => ({
    title: 'Plan withdrawn',
    message: `${planData.name} is no longer on offer.`,
    type: 'warning',
    category: 'plan',
    data: { planId },
  }),
  'investment-updated': (data) => {
    const { title, says, type } = investmentWords[data.status];
    const until = data.status === 'ACTIVE' ? ` and matures on ${data.maturesAt.slice(0, 10)}` : '';
    return {
      title,
      message: `Your investment (${terms(data)}) ${says}${until}.`,
      type,
      category: 'investment',
      data: { investmentId: data.investmentId, planId: data.planId },
    };
  },
} satisfies NotificationHandlers;
