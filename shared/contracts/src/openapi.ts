import { z } from 'zod';
import { listOf } from './common.js';
import { errorCatalogue, problemSchema, type ErrorCode } from './errors.js';
import { accountSchema, authAnswerSchema, sessionSchema } from './identity/schemas.js';
import { jsonSchema, type JsonSchema } from './json-schema.js';
import { memberSchema, merchantSchema, merchantViewSchema } from './merchants/schemas.js';
import { notificationSchema } from './notifications/schemas.js';
import { healthSchema } from './ops/routes.js';
import { itemSchema, orderSchema } from './orders/schemas.js';
import { paymentRequestSchema } from './payments/requests.js';
import { investmentSchema } from './plans/investments.js';
import { planSchema } from './plans/schemas.js';
import { PROTOCOL_VERSION } from './protocol.js';
import type { RouteDefinition } from './route.js';
import { allRoutes } from './routes.js';
import { scopes } from './scopes.js';
import { topUpSchema, walletSchema, walletTransactionSchema } from './wallet/schemas.js';

/** Answers that have a name of their own in the document. */
const named: Record<string, z.ZodType> = {
  Account: accountSchema,
  AuthAnswer: authAnswerSchema,
  Health: healthSchema,
  Investment: investmentSchema,
  Item: itemSchema,
  Member: memberSchema,
  Merchant: merchantSchema,
  MerchantView: merchantViewSchema,
  Notification: notificationSchema,
  Order: orderSchema,
  PaymentRequest: paymentRequestSchema,
  Plan: planSchema,
  Problem: problemSchema,
  Session: sessionSchema,
  TopUp: topUpSchema,
  Wallet: walletSchema,
  WalletTransaction: walletTransactionSchema,
};
const nameOf = new Map(Object.entries(named).map(([name, schema]) => [schema, name]));

interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  schema: JsonSchema;
  description?: string;
}

interface Ref {
  $ref: string;
}

interface ResponseObject {
  description: string;
  headers?: Record<string, Ref>;
  content?: Record<string, { schema: JsonSchema | Ref }>;
  'x-codes'?: ErrorCode[];
}

interface Operation {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  security: Record<string, string[]>[];
  'x-roles': string[];
  parameters?: (Parameter | Ref)[];
  requestBody?: { required: boolean; content: Record<string, { schema: JsonSchema }> };
  responses: Record<string, ResponseObject>;
}

export interface OpenApiDocument {
  openapi: '3.1.0';
  info: Record<string, string>;
  servers: { url: string }[];
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: Record<'schemas' | 'securitySchemes' | 'parameters' | 'headers', Record<string, unknown>>;
}

/** OpenAPI 3.1 of all routes, derived from their definitions. */
export function buildOpenApi(): OpenApiDocument {
  const paths: OpenApiDocument['paths'] = {};
  for (const route of allRoutes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tidings',
      version: `${PROTOCOL_VERSION}.0.0`,
      description:
        'A real-time backend: fetch a state here, then follow the feeds that its `Tidings-Cursor` names. The events are described in `/api/asyncapi.json`. Money is in integer minor units, times are RFC 3339 UTC, ids are opaque.',
    },
    servers: [{ url: '/' }],
    tags: [...new Set(allRoutes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(named).map(([name, schema]) => [name, jsonSchema(schema, 'output')])),
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'The `accessToken` of `POST /api/auth/login`. When an answer says `token-expired`: log in again, or `POST /api/auth/refresh`.',
        },
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'tk_<id>_<secret>',
          description: `For machines. A key has scopes, and reaches the routes that name one of them: ${scopes.map((scope) => `\`${scope}\``).join(', ')}.`,
        },
      },
      parameters: {
        IdempotencyKey: {
          name: 'Idempotency-Key',
          in: 'header',
          required: false,
          description: 'Names the attempt: the same key and body get the first answer again; with another body: 409.',
          schema: { type: 'string', minLength: 1, maxLength: 255 },
        },
        IfMatch: {
          name: 'If-Match',
          in: 'header',
          required: false,
          description: 'The `ETag` that was read: when the document has changed since, nothing happens and 412 tells its current state.',
          schema: { type: 'string', maxLength: 100 },
        },
      },
      headers: {
        TidingsEvents: header(
          'The events that the write caused in the own feeds (`id@feed, …`, at most 20): wait for them to read your writes.',
        ),
        TidingsCursor: header(
          'Heads of the feeds that tell of this resource, read before it: `epoch=…; user:42=17, …`. Follow them from there.',
        ),
        ETag: header('The version of the document, for `If-Match`.'),
        RateLimitLimit: header('Requests allowed in the window.', 'integer'),
        RateLimitRemaining: header('Requests left in the window.', 'integer'),
        RateLimitReset: header('Seconds until the window starts anew.', 'integer'),
        RetryAfter: header('Seconds to wait before the next attempt.', 'integer'),
      },
    },
  };
}

function header(description: string, type = 'string'): { description: string; schema: { type: string } } {
  return { description, schema: { type } };
}

function headers(names: Record<string, string>): Record<string, Ref> {
  return Object.fromEntries(Object.entries(names).map(([name, component]) => [name, { $ref: `#/components/headers/${component}` }]));
}

function operation(route: RouteDefinition): Operation {
  const { access } = route;
  const parameters = parametersOf(route);
  const requestBody = bodyOf(route);
  return {
    operationId: route.name,
    summary: route.summary.replaceAll('`', ''), // it is shown as it is; only descriptions are Markdown
    description: `${whoMayCall(route)}${route.who ? ` ${route.who}` : ''}${route.scope ? ` API keys need the scope ${route.scope}.` : ''}`,
    tags: [route.tag],
    security: securityOf(route),
    'x-roles': typeof access === 'string' ? [access] : [...access],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(requestBody ? { requestBody } : {}),
    responses: { [route.status]: success(route), ...failures(route) },
  };
}

/** An empty requirement says that it may be left out (OpenAPI 3.1, "Security Requirement Object"). */
function securityOf({ access, scope }: RouteDefinition): Record<string, string[]>[] {
  if (access === 'public') return [];
  // What another scheme than OAuth requires is named beside it, too (OpenAPI 3.1, the same place).
  const login = [{ bearer: [] }, ...(scope ? [{ apiKey: [scope] }] : [])];
  return access === 'optional' ? [{}, ...login] : login;
}

function whoMayCall({ access }: RouteDefinition): string {
  if (access === 'public') return 'Needs no login.';
  if (access === 'optional') return 'Needs no login; with one, shows what that may see.';
  return access === 'user' ? 'Needs a login.' : `Needs one of the roles ${access.join(', ')}.`;
}

function parametersOf(route: RouteDefinition): (Parameter | Ref)[] {
  return [
    ...fieldsOf(route.params, 'path'),
    ...fieldsOf(route.query, 'query'),
    ...(route.write ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
    ...(route.errors?.includes('version-mismatch') ? [{ $ref: '#/components/parameters/IfMatch' }] : []),
  ];
}

function fieldsOf(object: z.ZodObject | undefined, place: 'path' | 'query'): Parameter[] {
  if (!object) return [];
  const { properties = {}, required = [] } = jsonSchema(object, 'input');
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: typeof schema === 'boolean' ? {} : schema,
  }));
}

/** OpenAPI 3.1, "Considerations for File Uploads". */
const formWithFile: JsonSchema = {
  type: 'object',
  properties: { file: { type: 'string', contentMediaType: 'application/octet-stream' } },
  required: ['file'],
  additionalProperties: false,
};

function bodyOf(route: RouteDefinition): Operation['requestBody'] {
  if (route.raw) return { required: true, content: { 'application/json': { schema: { type: 'object' } } } };
  if (route.upload) return { required: true, content: { 'multipart/form-data': { schema: formWithFile } } };
  if (!route.body) return undefined;
  return {
    required: !route.body.safeParse(undefined).success,
    content: { 'application/json': { schema: jsonSchema(route.body, 'input') } },
  };
}

function success(route: RouteDefinition): ResponseObject {
  const { response } = route;
  const ofGateway = route.at === 'gateway';
  const read = route.method === 'get' && route.access !== 'public' && !ofGateway;
  const versioned = response instanceof z.ZodObject && 'version' in response.shape;
  const answerHeaders = headers({
    ...(route.write ? { 'Tidings-Events': 'TidingsEvents' } : {}),
    ...(read ? { 'Tidings-Cursor': 'TidingsCursor' } : {}),
    ...(versioned ? { ETag: 'ETag' } : {}),
    ...(route.tag === 'ops' || ofGateway
      ? {}
      : { 'RateLimit-Limit': 'RateLimitLimit', 'RateLimit-Remaining': 'RateLimitRemaining', 'RateLimit-Reset': 'RateLimitReset' }),
  });
  return {
    description: route.status === 204 ? 'Done; no body' : 'Done',
    ...(Object.keys(answerHeaders).length > 0 ? { headers: answerHeaders } : {}),
    ...(response || route.media ? { content: contentOf(route) } : {}),
  };
}

function contentOf({ response, contentType = 'application/json', media = [] }: RouteDefinition): NonNullable<ResponseObject['content']> {
  // A binary body is described by its type alone (OpenAPI 3.1, "Considerations for Binary Data").
  const other = Object.fromEntries(media.map((type) => [type, { schema: {} }]));
  return { ...(response ? { [contentType]: { schema: answerSchema(response) } } : {}), ...other };
}

/** Named schemas by reference, also as the items of a list. */
function answerSchema(schema: z.ZodType): JsonSchema | Ref {
  const name = nameOf.get(schema);
  if (name) return { $ref: `#/components/schemas/${name}` };
  if (schema instanceof z.ZodObject) {
    const { items } = schema.shape;
    const itemName = items instanceof z.ZodArray ? nameOf.get(items.element as z.ZodType) : undefined;
    if (itemName) {
      const list = jsonSchema(listOf(z.unknown()), 'output');
      return { ...list, properties: { ...list.properties, items: { type: 'array', items: { $ref: `#/components/schemas/${itemName}` } } } };
    }
  }
  return jsonSchema(schema, 'output');
}

/** Every code that the route can answer with: its own, and those of the layers that it passes through. */
function errorsOf(route: RouteDefinition): ErrorCode[] {
  return [
    ...new Set<ErrorCode>([
      // A route without any input refuses what it does not know.
      ...(route.tag === 'ops' ? [] : (['bad-request'] as const)),
      ...(route.access === 'public'
        ? []
        : (['unauthenticated', 'token-expired', 'session-revoked', 'forbidden', 'account-suspended'] as const)),
      ...keyErrors(route),
      ...(route.errors ?? []),
      ...(route.write ? (['idempotency-key-reused'] as const) : []),
      ...(route.body || route.raw ? (['payload-too-large', 'unsupported-media-type'] as const) : []),
      ...(route.tag === 'ops' ? [] : (['rate-limited'] as const)),
      'internal',
      'unavailable',
    ]),
  ];
}

function keyErrors({ access, at, scope }: RouteDefinition): ErrorCode[] {
  if (access === 'public' || at === 'gateway') return [];
  return ['key-expired', 'key-revoked', scope ? 'scope-missing' : 'not-for-keys'];
}

function failures(route: RouteDefinition): Record<string, ResponseObject> {
  const all = errorsOf(route);
  const statuses = new Set(all.map((code) => errorCatalogue[code].status));
  const codesOf = (status: number): ErrorCode[] => all.filter((code) => errorCatalogue[code].status === status);
  return Object.fromEntries([...statuses].map((status) => [String(status), failure(status, codesOf(status))]));
}

function failure(status: number, codes: ErrorCode[]): ResponseObject {
  return {
    description: codes.map((code) => `\`${code}\`: ${errorCatalogue[code].title}`).join('. '),
    ...(status === 429 || status === 503 ? { headers: headers({ 'Retry-After': 'RetryAfter' }) } : {}),
    content: {
      'application/problem+json': {
        schema: { allOf: [{ $ref: '#/components/schemas/Problem' }, { type: 'object', properties: { code: { enum: codes } } }] },
      },
    },
    'x-codes': codes,
  };
}
