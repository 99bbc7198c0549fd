import { idParams, listOf } from '../common.js';
import { qrMedia, shownCodeSchema } from '../payments/codes.js';
import { ownQrQuery } from '../payments/schemas.js';
import { defineRoute } from '../route.js';
import { scanAnswerSchema, scanBody, scanSchema, scansQuery } from './views.js';

const tag = 'loyalty';

export const scanRoutes = {
  scan: defineRoute({
    name: 'scanCode',
    method: 'post',
    path: '/api/qr/scan',
    summary: "Scan a customer's code or card: asks who is not enrolled, counts the visit of who is, and gives points by the rules",
    tag,
    access: 'user',
    who: 'Members of the merchant.',
    body: scanBody,
    status: 200,
    response: scanAnswerSchema,
    errors: [
      'code-invalid',
      'code-expired',
      'code-used',
      'code-foreign',
      'own-code',
      'not-found',
      'merchant-closed',
      'program-closed',
      'enrollment-refused',
      'already-exists',
    ],
    write: true,
  }),
  listScans: defineRoute({
    name: 'listScans',
    method: 'get',
    path: '/api/merchants/:id/scans',
    summary: 'The scan log of a business, newest first; `userId` narrows',
    tag,
    access: 'user',
    who: 'Members of the merchant and administrators.',
    params: idParams,
    query: scansQuery,
    status: 200,
    response: listOf(scanSchema),
  }),
  ownCard: defineRoute({
    name: 'getOwnCard',
    method: 'get',
    path: '/api/me/card',
    summary: "The caller's card to be printed: it stays valid until it is renewed, is scanned like the code of the app, and pays nothing",
    tag,
    access: 'user',
    query: ownQrQuery,
    status: 200,
    response: shownCodeSchema,
    media: qrMedia,
  }),
  renewCard: defineRoute({
    name: 'renewOwnCard',
    method: 'post',
    path: '/api/me/card/renew',
    summary: "Make the caller's printed card void, when it was lost; `GET /api/me/card` shows the new one",
    tag,
    access: 'user',
    status: 204,
    write: true,
  }),
};
