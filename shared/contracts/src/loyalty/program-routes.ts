import { idParams, listOf } from '../common.js';
import { defineRoute } from '../route.js';
import { programBody, programParams, programPatch, programSchema, programsQuery } from './programs.js';

const tag = 'loyalty';
const who = 'Members of the merchant and administrators.';

export const programRoutes = {
  listPrograms: defineRoute({
    name: 'listPrograms',
    method: 'get',
    path: '/api/merchants/:id/programs',
    summary: "A business's loyalty programs, newest first",
    tag,
    access: 'user',
    scope: 'programs:read',
    params: idParams,
    query: programsQuery,
    status: 200,
    response: listOf(programSchema),
    errors: ['not-found'],
  }),
  createProgram: defineRoute({
    name: 'createProgram',
    method: 'post',
    path: '/api/merchants/:id/programs',
    summary: 'Make a loyalty program: what earns points, how long they stay, and what waits for the customer',
    tag,
    access: 'user',
    who,
    params: idParams,
    body: programBody,
    status: 201,
    response: programSchema,
    errors: ['not-found', 'already-exists', 'plan-limit'],
    write: true,
  }),
  getProgram: defineRoute({
    name: 'getProgram',
    method: 'get',
    path: '/api/merchants/:id/programs/:programId',
    summary: 'One loyalty program',
    tag,
    access: 'user',
    scope: 'programs:read',
    params: programParams,
    status: 200,
    response: programSchema,
    errors: ['not-found'],
  }),
  updateProgram: defineRoute({
    name: 'updateProgram',
    method: 'patch',
    path: '/api/merchants/:id/programs/:programId',
    summary: 'Change a loyalty program; one that is not active enrolls and earns no more, its points can be spent',
    tag,
    access: 'user',
    who,
    params: programParams,
    body: programPatch,
    status: 200,
    response: programSchema,
    errors: ['not-found', 'already-exists', 'plan-limit', 'version-mismatch'],
    write: true,
  }),
};
