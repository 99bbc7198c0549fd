import { text } from '@tidings/contracts';
import type { JsonSchema } from './schema.js';

/** One way in which an input is wrong. */
export interface Mutation {
  name: string;
  value: unknown;
}

/** Text that goes into the JSON as it is: numbers that `JSON.stringify` cannot write. */
class Raw {
  constructor(private readonly text: string) {}
  toJSON(): string {
    return `\u0001${this.text}\u0001`;
  }
}

/** JSON with `Raw` parts, and with own properties of any name. */
export function toJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(/"\\u0001(.*?)\\u0001"/g, '$1');
}

export const operators: readonly unknown[] = [{ $gt: '' }, { $ne: null }, { $where: 'sleep(100)' }, { $regex: '.*' }];
const reserved = ['__proto__', 'constructor', 'prototype', '$where', '$set', 'a\u0000b', ''];

/** Every wrong form of a valid value, by what its schema says. Each one must be refused. */
export function mutationsOf(schema: JsonSchema, valid: unknown, path = 'body'): Mutation[] {
  return [...mutate(schema, valid, path)];
}

function* mutate(given: JsonSchema, valid: unknown, path: string): Generator<Mutation> {
  const nullable = (given.anyOf ?? []).some(({ type }) => type === 'null');
  const schema = withoutNull(given);
  const wrong = (what: string, value: unknown): Mutation => ({ name: `${path} ${what}`, value });

  if (!nullable) yield wrong('null', null);
  for (const operator of operators) yield wrong(`operator ${JSON.stringify(operator)}`, operator);
  yield wrong('deeply nested', nested(200));
  if (schema.type !== 'array') yield wrong('an array of it', [valid]);
  if (schema.type !== 'object') yield wrong('an object', { toString: 'x', valueOf: 1 });

  if (schema.type === 'string') yield* wrongStrings(schema, wrong);
  else if (schema.type === 'integer' || schema.type === 'number') yield* wrongNumbers(schema, wrong);
  else if (schema.type === 'boolean') for (const value of ['true', 1, 'yes', '']) yield wrong(`${JSON.stringify(value)} for a flag`, value);
  else if (schema.type === 'array') yield* wrongArrays(schema, valid, path, wrong);
  else if (schema.type === 'object') yield* wrongObjects(schema, valid, path, wrong);
}

function* wrongStrings(schema: JsonSchema, wrong: (what: string, value: unknown) => Mutation): Generator<Mutation> {
  for (const value of [5, true, {}, []]) yield wrong(`${JSON.stringify(value)} for a string`, value);
  yield wrong('half a surrogate pair', 'a\ud800b');
  yield wrong('empty', '');
  yield wrong('100,000 characters', 'x'.repeat(90_000));
  if (schema.maxLength !== undefined) yield wrong('one character too long', 'x'.repeat(schema.maxLength + 1));
  if (schema.enum) yield wrong('none of the words', 'nonsense');
  if (schema.pattern === freeText) yield wrong('a control character', 'a\u0000b');
  else if (schema.pattern ?? schema.format) for (const value of oddTexts) yield wrong(`odd text ${JSON.stringify(value)}`, value);
}

/** What people write may be anything but control characters. */
const freeText = text(1).toJSONSchema().pattern;

const oddTexts = [
  '../../etc/passwd',
  'a b',
  '\u0000',
  '%00',
  '$ne',
  "' OR 1=1 --",
  'é',
  '\u202egnp',
  '<script>',
  '\r\nX-Evil: 1',
  `${'a'.repeat(60)}!`,
];

function* wrongNumbers(schema: JsonSchema, wrong: (what: string, value: unknown) => Mutation): Generator<Mutation> {
  for (const value of ['5', true, '', 'NaN', new Raw('1e400'), new Raw('-1e400'), -1e21])
    yield wrong(`${toJson(value)} for a number`, value);
  if (schema.type === 'integer') for (const value of [1.5, 1e-9, 1e21, 2 ** 53 + 2]) yield wrong(`${value} for a whole number`, value);
  if (schema.minimum !== undefined) yield wrong('below the minimum', schema.minimum - 1);
  if (schema.minimum !== undefined && schema.minimum >= 0) yield wrong('negative', -100);
  if (schema.minimum === 1) yield wrong('zero', new Raw('-0'));
  if (schema.maximum !== undefined && schema.maximum < Number.MAX_SAFE_INTEGER) yield wrong('above the maximum', schema.maximum + 1);
}

function* wrongArrays(
  schema: JsonSchema,
  valid: unknown,
  path: string,
  wrong: (what: string, value: unknown) => Mutation,
): Generator<Mutation> {
  for (const value of ['x', 5, {}, { length: 1, 0: 'x' }]) yield wrong(`${JSON.stringify(value)} for a list`, value);
  const [first] = valid as unknown[];
  if (schema.minItems) yield wrong('an empty list', []);
  if (schema.maxItems !== undefined)
    yield wrong(
      'too many',
      Array.from({ length: schema.maxItems + 1 }, () => first),
    );
  for (const { name, value } of mutate(schema.items ?? {}, first, `${path}[0]`)) yield { name, value: [value] };
}

function* wrongObjects(
  schema: JsonSchema,
  valid: unknown,
  path: string,
  wrong: (what: string, value: unknown) => Mutation,
): Generator<Mutation> {
  const object = valid as Record<string, unknown>;
  for (const value of ['x', 5, true, []]) yield wrong(`${JSON.stringify(value)} for an object`, value);
  yield wrong('an unknown field', { ...object, surprise: 1 });
  for (const key of reserved) yield wrong(`a field called ${JSON.stringify(key)}`, { ...object, [key]: { isAdmin: true } });
  for (const [key, inner] of Object.entries(schema.properties ?? {})) {
    if (schema.required?.includes(key))
      yield wrong(`without ${key}`, Object.fromEntries(Object.entries(object).filter(([name]) => name !== key)));
    if (!(key in object)) continue;
    for (const mutation of mutate(inner, object[key], `${path}.${key}`))
      yield { name: mutation.name, value: { ...object, [key]: mutation.value } };
  }
}

/** The fields of the schema, at any depth, that the valid value does not show, and that would therefore not be tried. */
export function missingFrom(given: JsonSchema, valid: unknown, path = 'body'): string[] {
  const schema = withoutNull(given);
  if (schema.type === 'array') return missingFrom(schema.items ?? {}, (valid as unknown[])[0], `${path}[0]`);
  return Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => {
    const field = (valid as Record<string, unknown> | undefined)?.[key];
    return field === undefined ? [`${path}.${key}`] : missingFrom(inner, field, `${path}.${key}`);
  });
}

const withoutNull = (schema: JsonSchema): JsonSchema => schema.anyOf?.find(({ type }) => type !== 'null') ?? schema;

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = { a: value };
  return value;
}
