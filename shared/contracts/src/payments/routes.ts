import { idParams } from '../common.js';
import type { ErrorCode } from '../errors.js';
import { orderSchema } from '../orders/schemas.js';
import { defineRoute } from '../route.js';
import { qrMedia, shownCodeSchema } from './codes.js';
import { merchantQrQuery, ownQrQuery, payByCodeBody, resolveCodeBody, resolvedCodeSchema } from './schemas.js';

const tag = 'payments';
const refusedCodes: readonly ErrorCode[] = ['code-invalid', 'code-expired', 'code-foreign'];

export const paymentRoutes = {
  merchantQr: defineRoute({
    name: 'getMerchantQr',
    method: 'get',
    path: '/api/merchants/:id/qr',
    summary: "A stall's QR code, to be printed; with `itemId` that of an item at its price, valid for 5 minutes",
    tag,
    access: 'user',
    who: 'With `itemId`: members of the merchant and administrators.',
    params: idParams,
    query: merchantQrQuery,
    status: 200,
    response: shownCodeSchema,
    media: qrMedia,
    errors: ['not-found', 'item-unavailable'],
  }),
  ownQr: defineRoute({
    name: 'getOwnQr',
    method: 'get',
    path: '/api/me/qr',
    summary: "The caller's QR code, to be shown to a merchant; valid for 5 minutes and for one payment",
    tag,
    access: 'user',
    query: ownQrQuery,
    status: 200,
    response: shownCodeSchema,
    media: qrMedia,
  }),
  resolve: defineRoute({
    name: 'resolveCode',
    method: 'post',
    path: '/api/payments/qr/resolve',
    summary: 'What a scanned code stands for; nothing changes',
    tag,
    access: 'user',
    who: "A customer's code: that customer, members of merchants, administrators. A pickup code: the order's parties.",
    body: resolveCodeBody,
    status: 200,
    response: resolvedCodeSchema,
    errors: refusedCodes,
  }),
  pay: defineRoute({
    name: 'payByCode',
    method: 'post',
    path: '/api/payments/qr',
    summary: 'Confirm what a scanned code showed: order, and pay from the wallet; both or neither',
    tag,
    access: 'user',
    body: payByCodeBody,
    status: 201,
    response: orderSchema,
    errors: [
      ...refusedCodes,
      'code-used',
      'not-found',
      'insufficient-funds',
      'currency-mismatch',
      'price-changed',
      'out-of-stock',
      'item-unavailable',
      'merchant-closed',
    ],
    write: true,
  }),
};
