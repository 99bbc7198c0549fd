import { z } from 'zod';
import { timeSchema } from '../common.js';
import { defineRoute } from '../route.js';

const tag = 'ops';
const document = z.looseObject({});

/** `uptime` in seconds, `memory` in bytes, `connections` of live clients. */
export const healthSchema = z.strictObject({
  status: z.enum(['ok', 'degraded']),
  timestamp: timeSchema,
  uptime: z.number().min(0),
  memory: z.record(z.string(), z.number()),
  connections: z.int().min(0),
});

export const opsRoutes = {
  health: defineRoute({
    name: 'health',
    method: 'get',
    path: '/health',
    summary: 'How the service is, for people',
    tag,
    access: 'public',
    status: 200,
    response: healthSchema,
  }),
  healthz: defineRoute({
    name: 'healthz',
    method: 'get',
    path: '/healthz',
    summary: 'The process is alive',
    tag,
    access: 'public',
    status: 200,
    response: z.looseObject({ status: z.string() }),
  }),
  readyz: defineRoute({
    name: 'readyz',
    method: 'get',
    path: '/readyz',
    summary: 'The service can do its work; 503 when what it needs is not there',
    tag,
    access: 'public',
    status: 200,
    response: z.looseObject({ status: z.string() }),
  }),
  metrics: defineRoute({
    name: 'metrics',
    method: 'get',
    path: '/metrics',
    summary: 'Metrics for Prometheus',
    tag,
    access: 'public',
    status: 200,
    response: z.string(),
    contentType: 'text/plain',
  }),
  openapi: defineRoute({
    name: 'openapi',
    method: 'get',
    path: '/api/openapi.json',
    summary: 'This document (OpenAPI 3.1)',
    tag,
    access: 'public',
    status: 200,
    response: document,
  }),
  asyncapi: defineRoute({
    name: 'asyncapi',
    method: 'get',
    path: '/api/asyncapi.json',
    summary: 'The events in both directions (AsyncAPI 3)',
    tag,
    access: 'public',
    status: 200,
    response: document,
  }),
  docs: defineRoute({
    name: 'docs',
    method: 'get',
    path: '/api/docs',
    summary: 'A page to browse the API',
    tag,
    access: 'public',
    status: 200,
    response: z.string(),
    contentType: 'text/html',
  }),
};
