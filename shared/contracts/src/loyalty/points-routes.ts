import { idParams, listOf } from '../common.js';
import { defineRoute } from '../route.js';
import { pointsAnswerSchema, pointsBody, pointsDecisionBody, pointsEntrySchema, pointsQuery, reversalBody } from './schemas.js';

const tag = 'loyalty';
const members = 'Members of the merchant and administrators.';

export const pointsRoutes = {
  changePoints: defineRoute({
    name: 'changePoints',
    method: 'post',
    path: '/api/cards/:id/points',
    summary: 'Award or deduct points by hand; where the program says so, it waits for the customer',
    tag,
    access: 'user',
    who: members,
    params: idParams,
    body: pointsBody,
    status: 201,
    response: pointsAnswerSchema,
    errors: ['not-found', 'insufficient-points', 'program-closed', 'merchant-closed', 'already-exists'],
    write: true,
  }),
  listPoints: defineRoute({
    name: 'listPoints',
    method: 'get',
    path: '/api/points',
    summary: "Changes of points, newest first: the caller's own over all programs, or those of one card",
    tag,
    access: 'user',
    who: 'With `cardId`: its customer, members of the merchant, administrators.',
    query: pointsQuery,
    status: 200,
    response: listOf(pointsEntrySchema),
    errors: ['not-found'],
  }),
  decidePoints: defineRoute({
    name: 'decidePoints',
    method: 'post',
    path: '/api/points/:id/decision',
    summary: 'Accept or decline a change that waits; what is declined moves nothing',
    tag,
    access: 'user',
    who: 'The customer.',
    params: idParams,
    body: pointsDecisionBody,
    status: 200,
    response: pointsAnswerSchema,
    errors: ['not-found', 'invalid-transition', 'insufficient-points', 'program-closed'],
    write: true,
  }),
  reversePoints: defineRoute({
    name: 'reversePoints',
    method: 'post',
    path: '/api/points/:id/reversal',
    summary: 'Take back a mistaken award, or give back a mistaken deduction, once; the answer is the change that does it',
    tag,
    access: 'user',
    who: members,
    params: idParams,
    body: reversalBody,
    status: 201,
    response: pointsAnswerSchema,
    errors: ['not-found', 'merchant-closed', 'invalid-transition', 'insufficient-points', 'program-closed'],
    write: true,
  }),
};
