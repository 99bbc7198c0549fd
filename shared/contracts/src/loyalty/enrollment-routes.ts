import { idParams, listOf } from '../common.js';
import { defineRoute } from '../route.js';
import { enrollmentBody, enrollmentDecisionBody, enrollmentSchema, enrollmentsQuery } from './schemas.js';

const tag = 'loyalty';

export const enrollmentRoutes = {
  listEnrollments: defineRoute({
    name: 'listEnrollments',
    method: 'get',
    path: '/api/enrollments',
    summary: "The caller's enrollments, newest first; with `businessId` those of a business, for its members",
    tag,
    access: 'user',
    query: enrollmentsQuery,
    status: 200,
    response: listOf(enrollmentSchema),
    errors: ['forbidden'],
  }),
  createEnrollment: defineRoute({
    name: 'createEnrollment',
    method: 'post',
    path: '/api/enrollments',
    summary:
      'Ask to join a program, or as a member of the business ask a customer; one that is open already is answered as it is, and asking what the other side has asked accepts it',
    tag,
    access: 'user',
    body: enrollmentBody,
    status: 201,
    response: enrollmentSchema,
    errors: ['not-found', 'forbidden', 'enrollment-refused', 'program-closed', 'merchant-closed'],
    write: true,
  }),
  getEnrollment: defineRoute({
    name: 'getEnrollment',
    method: 'get',
    path: '/api/enrollments/:id',
    summary: 'One enrollment, for its customer and members of the business',
    tag,
    access: 'user',
    params: idParams,
    status: 200,
    response: enrollmentSchema,
    errors: ['not-found'],
  }),
  decideEnrollment: defineRoute({
    name: 'decideEnrollment',
    method: 'post',
    path: '/api/enrollments/:id/decision',
    summary: 'Accept or decline what the other side asked, withdraw what one asked, leave, block, unblock; accepting makes the card',
    tag,
    access: 'user',
    params: idParams,
    body: enrollmentDecisionBody,
    status: 200,
    response: enrollmentSchema,
    errors: ['not-found', 'forbidden', 'invalid-transition', 'program-closed', 'merchant-closed', 'version-mismatch'],
    write: true,
  }),
};
