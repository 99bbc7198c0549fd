import { idParams } from '../common.js';
import { defineRoute } from '../route.js';
import { pauseBody, sellingBody, sellingSchema } from './selling.js';

const tag = 'merchants';
const who = 'Members of the merchant and administrators.';

export const sellingRoutes = {
  getSelling: defineRoute({
    name: 'getSelling',
    method: 'get',
    path: '/api/merchants/:id/selling',
    summary: 'Whether a merchant takes orders now, and its opening hours',
    tag,
    access: 'user',
    params: idParams,
    status: 200,
    response: sellingSchema,
    errors: ['not-found'],
  }),
  updateSelling: defineRoute({
    name: 'updateSelling',
    method: 'put',
    path: '/api/merchants/:id/selling',
    summary: 'Set opening hours, exceptions by date, and what becomes of orders that nobody picks up',
    tag,
    access: 'user',
    who,
    params: idParams,
    body: sellingBody,
    status: 200,
    response: sellingSchema,
    errors: ['not-found', 'version-mismatch'],
    write: true,
  }),
  pause: defineRoute({
    name: 'pauseSelling',
    method: 'post',
    path: '/api/merchants/:id/pause',
    summary: 'Take no new orders, until a time or until it is resumed; those that were placed go on',
    tag,
    access: 'user',
    who,
    params: idParams,
    body: pauseBody,
    status: 200,
    response: sellingSchema,
    errors: ['not-found', 'version-mismatch'],
    write: true,
  }),
  resume: defineRoute({
    name: 'resumeSelling',
    method: 'post',
    path: '/api/merchants/:id/resume',
    summary: 'End a pause; the opening hours decide again',
    tag,
    access: 'user',
    who,
    params: idParams,
    status: 200,
    response: sellingSchema,
    errors: ['not-found', 'version-mismatch'],
    write: true,
  }),
};
