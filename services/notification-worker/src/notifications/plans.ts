import type { EventData, Notification } from '@tidings/contracts';
import type { NotificationHandlers } from './content.js';
import { count, money } from './words.js';

const terms = ({ roi, duration }: { roi: number; duration: number }): string => `${roi} % over ${count(duration, 'day')}`;

type Told = Pick<Notification, 'title' | 'message' | 'type'>;

/** What has happened to it. A reason of a later version is told as a change. */
function tellInvestment({ status, reason, maturesAt, investment, ...now }: EventData<'investment-updated'>): Told {
  const { amount, returns, currency, planName } = investment;
  const paid = money(amount, currency);
  const until = `It matures on ${maturesAt.slice(0, 10)} and brings ${money(returns, currency)}.`;
  if (status === 'MATURED')
    return {
      title: 'Investment matured',
      message: `Your investment in ${planName} has matured: ${money(amount + returns, currency)} is in your wallet.`,
      type: 'success',
    };
  if (status === 'REFUNDED')
    return { title: 'Investment refunded', message: `${planName} was withdrawn: ${paid} is in your wallet again.`, type: 'info' };
  if (reason === 'made') return { title: 'Investment active', message: `You invested ${paid} in ${planName}. ${until}`, type: 'success' };
  if (reason === 'moved')
    return { title: 'Investment moved', message: `Your ${paid} now follow ${planName}: ${terms(now)}. ${until}`, type: 'info' };
  return { title: 'Investment changed', message: `${planName} is now ${terms(now)}. ${until}`, type: 'info' };
}

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
  'investment-updated': (data) => ({
    ...tellInvestment(data),
    category: 'investment',
    data: { investmentId: data.investmentId, planId: data.planId },
  }),
} satisfies NotificationHandlers;
