import { defineCommand } from '../command.js';
import { idempotencyKeySchema } from '../common.js';
import { orderSchema } from '../orders/schemas.js';
import { payByCodeBody, resolveCodeBody, resolvedCodeSchema } from './schemas.js';

const idempotencyKey = idempotencyKeySchema.optional();

/** The key goes as a header. */
function bodyOf({ idempotencyKey: _, ...body }: { idempotencyKey?: string | undefined }): object {
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
};
