import { amountSchema } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import type { AccountRef } from './ledger.js';
import type { TopUpDocument, WalletModels } from './wallet.model.js';

/** What a provider may call a payment by: the top-up's own id, the provider's order, the provider's payment. */
export interface PaymentNames {
  topUpId?: string | undefined;
  orderRef?: string | undefined;
  providerRef?: string | undefined;
}

/** Who says it. */
export type Reported<T> = T & { provider: TopUpDocument['provider'] };

/**
 * What became of a provider's message: done; nothing to do, and why; kept for a person to look at; on the list of payments that are nobody's;
 * or too early, as the thing it names is not there (yet).
 */
export type Outcome = Settled | Early;
type Refused = { state: 'ignored' | 'held' | 'unmatched'; reason: string };
type Early = { state: 'early'; reason: string };
export type Settled = { state: 'processed' } | Refused;

/** A name of the provider's own is good among its own payments only. */
export function byNames({ provider, topUpId, orderRef, providerRef }: Reported<PaymentNames>): Record<string, unknown> {
  if (topUpId) return { _id: topUpId };
  const own = { provider: { $in: speakers(provider) } };
  return orderRef ? { ...own, 'razorpay.orderId': orderRef } : { ...own, providerRef: providerRef ?? '' };
}

/** The sandbox posts as Stripe does. */
const speakers = (provider: TopUpDocument['provider']): TopUpDocument['provider'][] =>
  provider === 'stripe' ? ['stripe', 'sandbox'] : [provider];

/** A provider speaks of its own payments; of another's it is held, whoever may have signed it. */
export function ofAnother(topUp: TopUpDocument, provider: Reported<object>['provider']): Refused | undefined {
  if (speakers(provider).includes(topUp.provider)) return undefined;
  return { state: 'held', reason: `It came from ${provider}, and the top-up is by ${topUp.provider}` };
}

/** The top-up that a message is about, credited or not: by the provider's own name of the payment first. */
export async function named(
  tx: Tx,
  topUps: WalletModels['topUps'],
  { provider, providerRef, topUpId, orderRef }: Reported<PaymentNames>,
): Promise<TopUpDocument | null> {
  const one = (names: PaymentNames) => topUps.findOne(byNames({ provider, ...names }), null, { session: tx.session }).lean<TopUpDocument>();
  return (providerRef ? await one({ providerRef }) : null) ?? (await one({ providerRef, topUpId, orderRef }));
}

/**
 * The top-up of what can only follow a payment that was credited, and be of no more than it. The provider's own name of the payment comes
 * first: one who pays a top-up twice has two payments that name it, and in Razorpay's checkout the payer writes the name.
 */
export async function credited(
  tx: Tx,
  topUps: WalletModels['topUps'],
  message: Reported<PaymentNames & { amount: number; currency: string }>,
): Promise<{ topUp: TopUpDocument; refused?: never } | { topUp?: never; refused: Refused | Early }> {
  const { provider, providerRef, amount, currency } = message;
  const topUp = await named(tx, topUps, message);
  if (!topUp) return { refused: { state: 'early', reason: 'There is no such top-up' } };
  const other = ofAnother(topUp, provider);
  if (other) return { refused: other };
  if (topUp.status === 'pending' || topUp.status === 'failed')
    return { refused: { state: 'early', reason: `The top-up is ${topUp.status}` } };
  if (providerRef && topUp.providerRef !== providerRef)
    return { refused: { state: 'held', reason: `It is about ${providerRef}, and the top-up was paid as ${topUp.providerRef}` } };
  if (currency !== topUp.currency || amount > topUp.amount)
    return { refused: { state: 'held', reason: `It says ${amount} ${currency} of ${topUp.amount} ${topUp.currency}` } };
  return { topUp };
}

/** Of a payment whose amount nobody here has checked before. */
export function unusable(amount: number): Refused | undefined {
  return amountSchema.safeParse(amount).success ? undefined : { state: 'held', reason: `${amount} is no amount that could be credited` };
}

export const userOf = ({ userId, currency }: TopUpDocument): AccountRef => ({ kind: 'user', ownerId: userId, currency });
export const holdOf = ({ userId, currency }: TopUpDocument): AccountRef => ({ kind: 'hold', ownerId: userId, currency });
export const providerOf = ({ provider, currency }: TopUpDocument): AccountRef => ({ kind: 'provider', ownerId: provider, currency });
