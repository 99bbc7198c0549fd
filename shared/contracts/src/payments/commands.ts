import { z } from 'zod';
import { defineCommand } from '../command.js';
import { amountSchema, idempotencyKeySchema, idSchema } from '../common.js';
import { orderSchema } from '../orders/schemas.js';
import { paymentDecisionBody, paymentRequestBody, paymentRequestSchema } from './requests.js';
import { payByCodeBody, resolveCodeBody, resolvedCodeSchema } from './schemas.js';

const idempotencyKey = idempotencyKeySchema.optional();

/** The key goes as a header. */
function bodyOf(payload: { idempotencyKey?: string | undefined }): object {
  const { idempotencyKey: _, ...body } = payload;
  return body;
}

export const paymentCommands = {
  'resolve-code': defineCommand({
    name: 'resolve-code',
    summary: 'What a scanned code stands for; nothing changes',
    payload: resolveCodeBody,
    ack: resolvedCodeSchema,
    forward: (body) => ({ method: 'POST', path: '/api/payments/qr/resolve', body }),
  }),
  'pay-by-code': defineCommand({
    name: 'pay-by-code',
    summary: 'Confirm what a scanned code showed: order and pay',
    payload: payByCodeBody.extend({ idempotencyKey }),
    ack: orderSchema,
    forward: (payload) => ({ method: 'POST', path: '/api/payments/qr', body: bodyOf(payload) }),
  }),
  'request-payment': defineCommand({
    name: 'request-payment',
    summary: 'Ask the customer whose code was scanned for a payment (members of the merchant)',
    payload: paymentRequestBody.extend({ vendorId: idSchema, idempotencyKey }),
    ack: paymentRequestSchema,
    forward: ({ vendorId, ...payload }) => ({
      method: 'POST',
      path: `/api/merchants/${vendorId}/payment-requests`,
      body: bodyOf(payload),
    }),
  }),
  'payment-decision': defineCommand({
    name: 'payment-decision',
    summary: 'Approve or decline what a merchant asks for (the customer)',
    payload: paymentDecisionBody.extend({ paymentRequestId: idSchema, idempotencyKey }),
    ack: paymentRequestSchema,
    forward: ({ paymentRequestId, decision }) => ({
      method: 'POST',
      path: `/api/payment-requests/${paymentRequestId}/decision`,
      body: { decision },
    }),
  }),
  'capture-payment': defineCommand({
    name: 'capture-payment',
    summary: 'Take what the customer approved, or a part of it (members of the merchant)',
    payload: z.strictObject({ paymentRequestId: idSchema, amount: amountSchema.optional(), idempotencyKey }),
    ack: paymentRequestSchema,
    forward: ({ paymentRequestId, amount }) => ({
      method: 'POST',
      path: `/api/payment-requests/${paymentRequestId}/capture`,
      body: { amount },
    }),
  }),
  'cancel-payment': defineCommand({
    name: 'cancel-payment',
    summary: 'Take a payment request back before it is paid (members of the merchant)',
    payload: z.strictObject({ paymentRequestId: idSchema, idempotencyKey }),
    ack: paymentRequestSchema,
    forward: ({ paymentRequestId }) => ({ method: 'POST', path: `/api/payment-requests/${paymentRequestId}/cancel` }),
  }),
};
