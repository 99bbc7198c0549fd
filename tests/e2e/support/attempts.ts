import { expect } from '@jest/globals';
import { allRoutes, type RouteDefinition } from '@tidings/contracts';
import type { Attempt } from './attempt.js';
import type { Fixture } from './fixtures.js';
import { formAttempts } from './forms.js';
import { missingFrom, mutationsOf, operators, toJson } from './mutations.js';
import { operationOf, type Parameter } from './schema.js';

export function parameterAttempts(route: RouteDefinition, fixture: Fixture): Attempt[] {
  const { parameters } = operationOf(route);
  const inPath = parameters.filter((parameter) => parameter.in === 'path');
  const inQuery = parameters.filter((parameter) => parameter.in === 'query');
  expect(
    inQuery.map(({ name }) => name).filter((name) => name !== 'cursor' && !fixture.query?.[name] && !fixture.without?.includes(name)),
  ).toEqual([]);
  const inPlace = (name: string, value: string): string => pathOf(route, { ...fixture, params: { ...fixture.params, [name]: value } });
  const beside = (query: string): string => `${pathOf(route, fixture)}${fixture.query ? '&' : '?'}${query}`;
  return [
    ...inPath.flatMap(({ name }) => [
      ...oddIds.map((id) => ({ name: `${name} is ${id.slice(0, 30)}`, path: inPlace(name, id), statuses: [400, 403, 404, 405] })),
      { name: `${name} of nothing`, path: inPlace(name, '0'.repeat(24)), statuses: [403, 404] },
    ]),
    ...inQuery.flatMap((parameter) =>
      wrongQueries(parameter).map((query) => ({
        name: `query ${query.slice(0, 60)}`,
        path: replaceQuery(route, fixture, parameter.name, query),
      })),
    ),
    ...inQuery.map(({ name }) => ({ name: `${name} twice`, path: beside(`${name}=1&${name}=2`) })),
    ...[
      'surprise=1',
      '__proto__=1',
      '__proto__[x]=1',
      'constructor=1',
      'constructor[prototype][x]=1',
      '$where=1',
      '%24where=1',
      'a%00b=1',
      'x[$ne]=',
      '%zz=1',
    ].map((query) => ({
      name: `query ${query}`,
      path: beside(query),
    })),
  ];
}

const oddIds = [
  '%00',
  '%2e%2e%2f',
  '$ne',
  '%7B%22%24gt%22%3A%22%22%7D',
  '__proto__',
  'a%20b',
  '%F0%9F%98%80',
  '%zz',
  '%ff',
  '%',
  'x'.repeat(65),
  'x'.repeat(5_000),
  '[object%20Object]',
  "'%20OR%201=1",
];

function wrongQueries({ name, schema }: Parameter): string[] {
  const values = [`${name}[$ne]=`, `${name}[]=1`, `${name}[$gt]=&${name}[$lt]=z`, `${name}=${'x'.repeat(5_000)}`];
  if (name === 'cursor') return [...values, ...oddCursors.map((cursor) => `cursor=${cursor}`)];
  if (name === 'limit')
    return [...values, ...['', 'abc', '-1', '0', '1.5', '101', '1e400', 'NaN', '9007199254740993', '%00'].map((value) => `limit=${value}`)];
  const asText = operators.map((operator) => encodeURIComponent(JSON.stringify(operator)));
  if (schema.enum ?? schema.pattern) return [...values, ...['', 'nonsense!', '%00', '%24ne', ...asText].map((value) => `${name}=${value}`)];
  return [...values, `${name}=`];
}

const oddCursors = [
  '',
  '!!!',
  '%00',
  ...[
    'null',
    '5',
    '{"$gt":""}',
    '[]',
    '[{"$gt":""},"x"]',
    '[{"$gt":0},{"$gt":""}]',
    '[8640000000000001,{"$ne":""}]',
    '[1.5,"x","y"]',
    '{"__proto__":1}',
    '[9007199254740991,"x"]',
    '[-9007199254740991,"x"]',
  ].map((text) => Buffer.from(text).toString('base64url')),
];

export function bodyAttempts(route: RouteDefinition, fixture: Fixture): Attempt[] {
  if (route.upload) return [...formAttempts];
  const { body: schema, bodyRequired } = operationOf(route);
  if (!schema) {
    if (route.method === 'get') return [];
    return ['{"surprise":1}', '{"__proto__":{"x":1}}', '[]', '"x"', '5', '{'].map((body) => ({ name: `a body: ${body}`, body }));
  }
  expect(missingFrom(schema, fixture.body).filter((path) => !fixture.without?.some((name) => path === `body.${name}`))).toEqual([]);
  const valid = toJson(fixture.body);
  return [
    ...mutationsOf(schema, fixture.body).map(({ name, value }) => ({ name, body: toJson(value) })),
    ...(bodyRequired ? [{ name: 'no body', body: '' }] : []),
    ...['{', '{"a":', 'undefined', "{'a':1}", `${valid}x`, '\ufeff\ufeff{}', '{"a":1,}', '[[[[', '\u0000'].map((body) => ({
      name: `malformed: ${body.slice(0, 20)}`,
      body,
    })),
    ...[
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'application/jsonx',
      'application/json; charset=koi8-r',
    ].map((type) => ({
      name: `as ${type}`,
      body: valid,
      headers: { 'content-type': type },
      statuses: [415],
    })),
    { name: 'an encoding that there is not', body: valid, headers: { 'content-encoding': 'snappy' }, statuses: [415] },
    { name: 'gzip that is none', body: valid, headers: { 'content-encoding': 'gzip' } },
    { name: 'a body of 200 KiB', body: JSON.stringify({ ...(fixture.body as object), surprise: 'x'.repeat(200_000) }), statuses: [413] },
  ];
}

export function headerAttempts(route: RouteDefinition): Attempt[] {
  const { errors = [], write } = route;
  return [
    ...(write
      ? ['', 'a b', 'x'.repeat(256), 'é', '\t'].map((key) => ({
          name: `idempotency key ${key.slice(0, 10)}`,
          headers: { 'idempotency-key': key },
        }))
      : []
    ).filter(({ headers }) => headers['idempotency-key'].trim() !== ''),
    ...(errors.includes('version-mismatch')
      ? ['"v999"', '"v0"', 'v1', '"', '$ne'].map((tag) => ({ name: `If-Match ${tag}`, headers: { 'if-match': tag }, statuses: [412] }))
      : []),
    { name: 'a method that there is not', method: unusedMethod(route), statuses: [405] },
    { name: 'a path below it', path: `${route.path.replaceAll(/:\w+/g, 'x')}/below/this`, statuses: [404] },
  ];
}

/** On this path. */
function unusedMethod({ path }: RouteDefinition): string {
  const used = new Set(allRoutes.filter((other) => other.path === path).map(({ method }) => method));
  return (['put', 'patch', 'delete', 'post'] as const).find((method) => !used.has(method))?.toUpperCase() ?? 'TRACE';
}

export function pathOf(route: RouteDefinition, { params = {}, query }: Fixture): string {
  const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) => params[name] ?? `:${name}`);
  return query ? `${path}?${new URLSearchParams(query)}` : path;
}

function replaceQuery(route: RouteDefinition, fixture: Fixture, name: string, text: string): string {
  const others = Object.fromEntries(Object.entries(fixture.query ?? {}).filter(([key]) => key !== name));
  const rest = new URLSearchParams(others).toString();
  return `${pathOf(route, { ...fixture, query: undefined as never })}?${rest}${rest ? '&' : ''}${text}`;
}
