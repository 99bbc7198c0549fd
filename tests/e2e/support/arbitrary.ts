import fc from 'fast-check';
import { operators } from './mutations.js';
import type { JsonSchema, Operation } from './schema.js';

/** Ids of what there is, by the name of the field: else a fuzzer gets no further than "not found". */
export type Pool = (field: string) => readonly string[];

/** Values that a schema allows, with its bounds more often than chance would have them. */
export function valid(schema: JsonSchema, pool: Pool, field = ''): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one) => valid(one, pool, field)));
  switch (schema.type) {
    case 'string':
      return strings(schema, pool(field));
    case 'integer':
    case 'number':
      return numbers(schema);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(valid(schema.items ?? {}, pool, field), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 5, 5),
      });
    case 'object':
      return objects(schema, pool);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function strings(schema: JsonSchema, known: readonly string[]): fc.Arbitrary<string> {
  const { minLength = 0, maxLength = 300 } = schema;
  const plain =
    schema.format === 'email'
      ? fc.emailAddress()
      : schema.pattern
        ? fc.stringMatching(new RegExp(schema.pattern))
        : fc.oneof(
            fc.string({ minLength, maxLength, unit: 'grapheme' }),
            fc.constantFrom(
              'x'.repeat(Math.max(minLength, 1)),
              'x'.repeat(maxLength),
              'ı',
              'İ',
              '\u202e',
              'a\u0000b',
              '__proto__',
              '-1',
              '%00',
            ),
          );
  return known.length > 0 ? fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: plain }) : plain;
}

function numbers({ type, minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER }: JsonSchema): fc.Arbitrary<number> {
  const bounds = fc.constantFrom(minimum, maximum, Math.min(maximum, Math.max(minimum, 1)));
  if (type === 'integer')
    return fc.oneof(
      bounds,
      fc.bigInt({ min: BigInt(minimum), max: BigInt(Math.min(maximum, minimum + 1_000)) }).map(Number),
      fc.bigInt({ min: BigInt(minimum), max: BigInt(maximum) }).map(Number),
    );
  return fc.oneof(bounds, fc.double({ min: minimum, max: maximum, noNaN: true }));
}

function objects({ properties = {}, required = [] }: JsonSchema, pool: Pool): fc.Arbitrary<unknown> {
  const model = Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, valid(inner, pool, name)]));
  return fc.record(model, { requiredKeys: required });
}

const nasty: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(
    ...operators,
    null,
    '',
    -1,
    1e21,
    2 ** 53,
    [],
    {},
    true,
    'a\ud800',
    '../..',
    JSON.parse('{"__proto__":{"admin":true}}') as unknown,
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Mostly what the schema allows; else with one part of it replaced, added or taken away. */
export function nearly(schema: JsonSchema, pool: Pool): fc.Arbitrary<unknown> {
  const good = valid(schema, pool);
  return fc.oneof(
    { weight: 3, arbitrary: good },
    {
      weight: 2,
      arbitrary: fc
        .tuple(good, nasty, fc.nat(), fc.constantFrom('replace', 'add', 'remove'))
        .map(([value, odd, at, how]) => disturb(value, odd, at, how)),
    },
    { weight: 1, arbitrary: nasty },
  );
}

function disturb(value: unknown, odd: unknown, at: number, how: string): unknown {
  if (typeof value !== 'object' || value === null) return odd;
  const keys = Object.keys(value);
  const key = keys[at % Math.max(1, keys.length)] ?? 'odd';
  if (Array.isArray(value))
    return how === 'remove'
      ? value.slice(1)
      : value.map((inner: unknown, index) => (String(index) === key ? disturb(inner, odd, at, how) : inner));
  if (how === 'add') return { ...value, ['__proto__']: odd, surprise: odd };
  if (how === 'remove') return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
  return { ...value, [key]: at % 2 ? odd : disturb((value as Record<string, unknown>)[key], odd, at >> 1, how) };
}

export interface Input {
  params: Record<string, string>;
  query: Record<string, string>;
  body: unknown;
  headers: Record<string, string>;
}

/** A request to the operation. */
export function inputs({ parameters, body, bodyRequired }: Operation, pool: Pool): fc.Arbitrary<Input> {
  const place = (where: string, oddity: fc.Arbitrary<unknown>): fc.Arbitrary<Record<string, string>> => {
    const mine = parameters.filter((parameter) => parameter.in === where);
    const model = Object.fromEntries(
      mine.map(({ name, schema }) => [
        name,
        fc.oneof({ weight: 6, arbitrary: valid(schema, pool, name) }, { weight: 1, arbitrary: oddity }).map(asText),
      ]),
    );
    return fc.record(model, { requiredKeys: mine.filter(({ required }) => required).map(({ name }) => name) }) as fc.Arbitrary<
      Record<string, string>
    >;
  };
  const extra = fc.oneof(
    { weight: 9, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.constantFrom({ surprise: '1' }, { 'limit[$gt]': '' }, { ['__proto__']: 'x' }) },
  );
  return fc.record({
    params: place('path', fc.string({ minLength: 1, unit: 'grapheme' })),
    query: fc.tuple(place('query', nasty), extra).map(([query, more]) => ({ ...query, ...more })),
    body: body ? (bodyRequired ? nearly(body, pool) : fc.option(nearly(body, pool), { nil: undefined })) : fc.constant(undefined),
    headers: fc.oneof(
      { weight: 4, arbitrary: fc.constant({}) },
      {
        weight: 1,
        arbitrary: fc.record({
          'idempotency-key': fc.constantFrom('k1', 'k2', 'x'.repeat(255), 'x'.repeat(256)),
          'if-match': fc.constantFrom('*', '"v1"', 'W/"v1"', '"v9"', '"v1", "v2"'),
        }),
      },
    ) as fc.Arbitrary<Record<string, string>>,
  });
}

const asText = (value: unknown): string => (typeof value === 'string' ? value.replaceAll(/\p{Surrogate}/gu, '') : JSON.stringify(value));
