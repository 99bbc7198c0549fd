import type { MerchantBalance, TopUp, Wallet, WalletTransaction } from '@tidings/contracts';
import type { AccountDocument, PostingDocument, TopUpDocument } from './wallet.model.js';

/** An account that nothing has touched is shown at version 1, so that its first change has a higher one. */
export const shownVersion = ({ version }: Pick<AccountDocument, 'version'>): number => version + 1;

export function presentWallet(account: Omit<AccountDocument, 'lastAt'>): Wallet {
  const { ownerId, balance, held, currency } = account;
  return { userId: ownerId, balance, held, currency, version: shownVersion(account) };
}

export function presentMerchantBalance(account: Omit<AccountDocument, 'lastAt'>): MerchantBalance {
  const { ownerId, balance, currency } = account;
  return { merchantId: ownerId, balance, currency, version: shownVersion(account) };
}

export function presentTransaction(posting: PostingDocument): WalletTransaction {
  const {
    _id,
    type,
    amount,
    currency,
    balanceAfter = 0,
    description,
    orderId,
    topUpId,
    paymentRequestId,
    investmentId,
    paymentMethod,
    at,
  } = posting;
  return {
    id: _id,
    type,
    amount,
    currency,
    balanceAfter,
    description,
    ...(orderId ? { orderId } : {}),
    ...(topUpId ? { topUpId } : {}),
    ...(paymentRequestId ? { paymentRequestId } : {}),
    ...(investmentId ? { investmentId } : {}),
    paymentMethod,
    createdAt: at.toISOString(),
  };
}

export function presentTopUp(topUp: TopUpDocument): TopUp {
  const { _id, status, amount, currency, provider, clientSecret, checkoutUrl, razorpay, createdAt } = topUp;
  return {
    id: _id,
    // What came in and was given back later did succeed; the history shows both.
    status: status === 'refunded' ? 'succeeded' : status,
    amount,
    currency,
    provider,
    ...(clientSecret ? { clientSecret } : {}),
    ...(checkoutUrl ? { checkoutUrl } : {}),
    ...(razorpay ? { razorpay: { orderId: razorpay.orderId, keyId: razorpay.keyId } } : {}),
    createdAt: createdAt.toISOString(),
  };
}
