import { Problem, type PaymentRefundInput, type PaymentRequestStatus } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { announcePayment, type Wallet } from '../wallet/index.js';
import type { PaymentRequestDocument, PaymentRequestModels } from './payment-requests.model.js';
import { presentPaymentRequest } from './payment-requests.presenter.js';

/** How long the customer may take, and after that the merchant who wants to capture. */
export const approvalMs = 2 * 60_000;
export const captureMs = 10 * 60_000;

export const expiryJobKind = 'payment-request-expiry';
export const captureJobKind = 'payment-request-capture';

/** What happens to a payment request, whoever asks for it; the caller has looked at rights, state and time. */
export interface PaymentRequestSteps {
  /** Tells both parties; each step does. */
  announce(tx: Tx, request: PaymentRequestDocument): void;
  /** Holds the money. @throws Problem `insufficient-funds`, `version-mismatch` */
  approve(tx: Tx, request: PaymentRequestDocument): Promise<PaymentRequestDocument>;
  /** Spends what is held, or `amount` of it; the rest goes back. @throws Problem `version-mismatch` */
  capture(tx: Tx, request: PaymentRequestDocument, amount?: number): Promise<PaymentRequestDocument>;
  /** Ends it unpaid; what is held goes back. @throws Problem `version-mismatch` */
  end(tx: Tx, request: PaymentRequestDocument, status: 'declined' | 'cancelled' | 'expired'): Promise<PaymentRequestDocument>;
  /**
   * A part of what was captured, never more than what is left of it; of one by an administrator the members are notified.
   * @throws Problem `refund-exceeds-payment`, `version-mismatch`, `insufficient-funds` when the merchant cannot pay it
   */
  giveBack(tx: Tx, request: PaymentRequestDocument, refund: PaymentRefundInput & { byAdmin?: true }): Promise<PaymentRequestDocument>;
}

export function createPaymentRequestSteps({ models, wallet }: { models: PaymentRequestModels; wallet: Wallet }): PaymentRequestSteps {
  const move = async (
    tx: Tx,
    request: PaymentRequestDocument,
    to: { status: PaymentRequestStatus } & Partial<Pick<PaymentRequestDocument, 'captured' | 'refunded' | 'expiresAt'>>,
    byAdmin?: true,
  ): Promise<PaymentRequestDocument> => {
    const { _id, version, status } = request;
    // Of two who move it at once, one conflicts here, runs again and finds it where the other has put it.
    const moved = await models.paymentRequests
      .findOneAndUpdate(
        { _id, version, status },
        { $set: { ...to, updatedAt: tx.now }, $inc: { version: 1 } },
        { session: tx.session, returnDocument: 'after' },
      )
      .lean<PaymentRequestDocument>();
    if (!moved) throw new Problem('version-mismatch', undefined, { current: presentPaymentRequest(request) });
    announce(tx, moved, byAdmin);
    return moved;
  };

  return {
    announce,

    async approve(tx, request) {
      const { _id, userId, vendorName, amount, currency, capture } = request;
      const isManual = capture === 'manual';
      const expiresAt = isManual ? new Date(tx.now.getTime() + captureMs) : request.expiresAt;
      const moved = await move(tx, request, { status: 'approved', expiresAt });
      await wallet.hold(tx, { key: holdOf(request), userId, amount, currency, description: `Payment to ${vendorName}` });
      const data = { paymentRequestId: _id, status: 'approved' };
      await tx.job(
        isManual
          ? { kind: expiryJobKind, key: `${expiryJobKind}:${_id}:uncaptured`, data, dueAt: expiresAt }
          : { kind: captureJobKind, key: `${captureJobKind}:${_id}`, data },
      );
      return moved;
    },

    async capture(tx, request, amount = request.amount) {
      const { _id: paymentRequestId, userId, vendorId: merchantId, currency } = request;
      const moved = await move(tx, request, { status: 'captured', captured: amount });
      await wallet.release(tx, holdOf(request), amount);
      const charge = { paymentRequestId, userId, merchantId, amount, currency };
      announcePayment(tx, charge, await wallet.charge(tx, charge));
      return moved;
    },

    async end(tx, request, status) {
      const moved = await move(tx, request, { status });
      if (request.status === 'approved') await wallet.release(tx, holdOf(request));
      return moved;
    },

    async giveBack(tx, request, { amount, reason, byAdmin }) {
      const { status, refunded = 0 } = request;
      const left = leftOf(request);
      if (amount > left) throw new Problem('refund-exceeds-payment', `Of the payment, ${left} is left to give back`);
      const moved = await move(tx, request, { status, refunded: refunded + amount }, byAdmin);
      const { _id: paymentRequestId, userId, vendorId: merchantId, currency, version } = moved;
      // The version makes each part another transfer, and the same part one.
      const key = `payment-request:${paymentRequestId}:${version}`;
      await wallet.refund(tx, { paymentRequestId, userId, merchantId, amount, currency, reason, key });
      return moved;
    },
  };
}

/** Minor units that were paid and not given back. */
export const leftOf = ({ captured = 0, refunded = 0 }: PaymentRequestDocument): number => captured - refunded;

const holdOf = ({ _id }: PaymentRequestDocument): string => `payment-request:${_id}`;

function announce(tx: Tx, request: PaymentRequestDocument, byAdmin?: true): void {
  const { _id: paymentRequestId, userId, vendorId, amount, currency, status, version } = request;
  const paymentRequest = presentPaymentRequest(request);
  tx.emit(
    'payment-request-updated',
    { paymentRequestId, userId, vendorId, amount, currency, status, paymentRequest, version },
    { paymentRequestId, userId, merchantId: vendorId, ...(byAdmin ? { byAdmin } : {}) },
  );
}
