import { Problem } from '@tidings/contracts';
import type { MerchantDocument } from './merchants.model.js';

type Standing = Pick<MerchantDocument, 'isActive' | 'stoppedBy'>;

/** Whether it sells, scans, enrolls and gives points. One that does not finishes and refunds what is open. */
export const mayTrade = ({ isActive, stoppedBy }: Standing): boolean => isActive && !stoppedBy;

/** Before something new is sold, scanned or begun. @throws Problem `merchant-closed` */
export function assertTrading(merchant: Standing): void {
  if (mayTrade(merchant)) return;
  const { isActive, stoppedBy } = merchant;
  throw new Problem('merchant-closed', isActive ? `The merchant’s subscription is ${stoppedBy ?? 'over'}` : 'The merchant is not active');
}
