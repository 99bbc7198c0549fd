import {
  badField,
  closedPaymentRequestStatuses,
  feeds,
  isAdmin,
  openPaymentRequestStatuses,
  type PaymentDecision,
  type PaymentRefundInput,
  type PaymentRequestInput,
  type Principal,
  Problem,
} from '@tidings/contracts';
import { auditRead, type Tx } from '@tidings/feed';
import { newId, type Mongo } from '@tidings/platform';
import type { Codes } from '../../codes/codes.js';
import type { UsedCodes } from '../../codes/used-codes.js';
import { checkIfMatch } from '../../http/etag.js';
import { newestFirst, olderThan, pageByTime, type Paged } from '../../http/lists.js';
import { createActiveUsers } from '../identity/index.js';
import { assertMayLook, assertTrading, isMember, type Merchants } from '../merchants/index.js';
import { approvalMs, expiryJobKind, type PaymentRequestSteps } from './payment-request-steps.js';
import type { PaymentRequestDocument, PaymentRequestModels } from './payment-requests.model.js';
import { presentPaymentRequest } from './payment-requests.presenter.js';

export interface PaymentRequests {
  /**
   * A member asks the customer whose code was scanned. Nothing is held before the customer approves.
   * @throws Problem `not-found` (the merchant), `forbidden`, `merchant-closed`, `currency-mismatch`, `code-invalid`, `code-expired`,
   *   `code-foreign`, `code-used`
   */
  request(tx: Tx, caller: Principal, merchantId: string, input: PaymentRequestInput): Promise<PaymentRequestDocument>;
  /**
   * By the customer.
   * @throws Problem `not-found`, `forbidden`, `invalid-transition` (also too late), `insufficient-funds`, `version-mismatch`;
   *   `merchant-closed` when it has been deactivated or deleted since: nothing is held then, and the request ends by its time
   */
  decide(tx: Tx, caller: Principal, id: string, decision: PaymentDecision, ifMatch?: string): Promise<PaymentRequestDocument>;
  /** By a member. @throws Problem `not-found`, `forbidden`, `invalid-transition` (also too late), `bad-request` (the amount), `version-mismatch` */
  capture(tx: Tx, caller: Principal, id: string, amount?: number, ifMatch?: string): Promise<PaymentRequestDocument>;
  /** By a member. @throws Problem `not-found`, `forbidden`, `invalid-transition`, `version-mismatch` */
  cancel(tx: Tx, caller: Principal, id: string, ifMatch?: string): Promise<PaymentRequestDocument>;
  /** By a member; administrators have their own way. @throws Problem `not-found`, `forbidden`, `version-mismatch`, and as `PaymentRequestSteps.giveBack` */
  refund(tx: Tx, caller: Principal, id: string, input: PaymentRefundInput, ifMatch?: string): Promise<PaymentRequestDocument>;
  /** For whoever has looked at the rights. */
  giveBack: PaymentRequestSteps['giveBack'];
  /** An administrator's look at other people's is audited. @throws Problem `not-found`, also for other people's */
  get(caller: Principal, id: string, tx?: Tx): Promise<PaymentRequestDocument>;
  /** Newest first. @throws Problem `forbidden` for a merchant that the caller is no member of */
  list(
    caller: Principal,
    query: { limit: number; cursor?: string | undefined; open?: boolean | undefined; vendorId?: string | undefined },
  ): Promise<Paged<PaymentRequestDocument>>;
}

export function createPaymentRequests(options: {
  mongo: Mongo;
  models: PaymentRequestModels;
  steps: PaymentRequestSteps;
  codes: Codes;
  usedCodes: UsedCodes;
  merchants: Merchants;
}): PaymentRequests {
  const { mongo, models, steps, codes, usedCodes, merchants } = options;
  const { paymentRequests } = models;
  const users = createActiveUsers(mongo);

  /** Whether it exists is nobody's business but its parties'. */
  const visible = async (caller: Principal, id: string, tx?: Tx): Promise<PaymentRequestDocument> => {
    const found = await paymentRequests.findById(id, null, { session: tx?.session ?? null }).lean<PaymentRequestDocument>();
    const isParty = found && (found.userId === caller.userId || isMember(caller, found.vendorId) || isAdmin(caller.roles));
    if (!isParty) throw new Problem('not-found', 'There is no such payment request');
    return found;
  };

  /** For a member of the merchant, who acts on it. */
  const ofMerchant = async (tx: Tx, caller: Principal, id: string, ifMatch: string | undefined): Promise<PaymentRequestDocument> => {
    const request = await visible(caller, id, tx);
    if (!isMember(caller, request.vendorId)) throw new Problem('forbidden', 'Only members of the merchant may do this');
    checkIfMatch(ifMatch, request.version, () => presentPaymentRequest(request));
    return request;
  };

  return {
    async request(tx, caller, merchantId, { code: text, amount, currency, note, capture = 'automatic' }) {
      const merchant = await merchants.get(merchantId, tx);
      if (!isMember(caller, merchantId)) throw new Problem('forbidden', 'Only members of this merchant may do this');
      assertTrading(merchant);
      if (currency !== undefined && currency !== merchant.currency)
        throw new Problem('currency-mismatch', `This merchant sells in ${merchant.currency}`);
      const code = codes.readAs('user', text, tx.now);
      const customer = await users.find(tx, code.userId);
      if (!customer) throw new Problem('code-foreign', 'The code is of nobody who can pay');
      await usedCodes.use(tx, code, 'payment-request');

      const request: PaymentRequestDocument = {
        _id: newId(),
        userId: customer.userId,
        customerName: customer.name,
        vendorId: merchantId,
        vendorName: merchant.name,
        amount,
        currency: merchant.currency,
        ...(note === undefined ? {} : { note }),
        capture,
        status: 'requested',
        expiresAt: new Date(tx.now.getTime() + approvalMs),
        version: 1,
        createdAt: tx.now,
        updatedAt: tx.now,
      };
      await paymentRequests.insertMany([request], { session: tx.session });
      await tx.grant(feeds.payment(request._id), [feeds.user(request.userId), feeds.merchant(merchantId)]);
      steps.announce(tx, request);
      await tx.job({
        kind: expiryJobKind,
        key: `${expiryJobKind}:${request._id}:unanswered`,
        data: { paymentRequestId: request._id, status: request.status },
        dueAt: request.expiresAt,
      });
      return request;
    },

    async decide(tx, caller, id, decision, ifMatch) {
      const request = await visible(caller, id, tx);
      if (request.userId !== caller.userId) throw new Problem('forbidden', 'Only the customer decides');
      checkIfMatch(ifMatch, request.version, () => presentPaymentRequest(request));
      assertStatus(request, ['requested']);
      if (decision === 'decline') return steps.end(tx, request, 'declined');
      assertInTime(request, tx.now);
      const merchant = await merchants.find(request.vendorId, tx);
      if (!merchant) throw new Problem('merchant-closed', `${request.vendorName} does not sell any more`);
      assertTrading(merchant);
      return steps.approve(tx, request);
    },

    async capture(tx, caller, id, amount, ifMatch) {
      const request = await ofMerchant(tx, caller, id, ifMatch);
      assertStatus(request, ['approved']);
      if (request.capture === 'manual') assertInTime(request, tx.now);
      if (amount !== undefined && amount > request.amount) throw badField('amount', 'is more than was approved');
      return steps.capture(tx, request, amount);
    },

    async cancel(tx, caller, id, ifMatch) {
      const request = await ofMerchant(tx, caller, id, ifMatch);
      assertStatus(request, openPaymentRequestStatuses);
      return steps.end(tx, request, 'cancelled');
    },

    async refund(tx, caller, id, input, ifMatch) {
      const request = await visible(caller, id, tx);
      if (!isMember(caller, request.vendorId)) throw new Problem('forbidden', 'Only members of the merchant refund this way');
      checkIfMatch(ifMatch, request.version, () => presentPaymentRequest(request));
      return steps.giveBack(tx, request, input);
    },

    giveBack: steps.giveBack,

    async get(caller, id, tx) {
      const request = await visible(caller, id, tx);
      // What a transaction does with it writes its own entry.
      if (!tx && request.userId !== caller.userId && !isMember(caller, request.vendorId))
        await auditRead(mongo, caller, { action: 'payment-request.look', target: `payment:${id}` });
      return request;
    },

    async list(caller, { vendorId, open, limit, cursor }) {
      if (vendorId !== undefined) await assertMayLook(mongo, caller, vendorId, 'payment-requests');
      const statuses = open ? openPaymentRequestStatuses : closedPaymentRequestStatuses;
      const found = await paymentRequests
        .find({
          ...(vendorId === undefined ? { userId: caller.userId } : { vendorId }),
          ...(open === undefined ? {} : { status: { $in: [...statuses] } }),
          ...olderThan(cursor),
        })
        .sort(newestFirst)
        .limit(limit + 1)
        .lean<PaymentRequestDocument[]>();
      return pageByTime(found, limit);
    },
  };
}

function assertStatus({ status }: PaymentRequestDocument, allowed: readonly string[]): void {
  if (!allowed.includes(status)) throw new Problem('invalid-transition', `The payment request is ${status}`);
}

/** The clock decides, not the job that writes it down. */
function assertInTime({ expiresAt }: PaymentRequestDocument, now: Date): void {
  if (expiresAt.getTime() <= now.getTime()) throw new Problem('invalid-transition', 'The payment request has expired');
}
