import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { merchantsQuery } from '@tidings/contracts';
import { newId } from '@tidings/platform';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { createDirectory, prefixesOf, type MerchantDirectory } from './directory.js';
import { merchantModels, type MerchantDocument } from './merchants.model.js';

describe('the directory', () => {
  let domain: Domain;
  let directory: MerchantDirectory;
  const names = ['Chai House', 'Masala Chai', 'chainsaw rental', 'Café Señor', 'House of Samosa', '東京 Ramen', 'Chai'];
  beforeAll(async () => {
    domain = await createDomain();
    directory = createDirectory(merchantModels(domain.mongo));
    for (const name of names) await add(name);
  });
  afterAll(() => domain.stop());

  const add = async (name: string, fields = {}): Promise<MerchantDocument> => {
    const input = { name, ownerName: 'Ravi', email: `${newId()}@example.com`, ...fields };
    return (await domain.run((tx) => domain.merchants.merchants.create(tx, input))).result;
  };
  /** All of it, in pages of two, as a client would walk. */
  const walk = async (query: Record<string, string>): Promise<string[]> => {
    const found: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await directory.list(merchantsQuery.parse({ limit: '2', ...query, ...(cursor === null ? {} : { cursor }) }));
      found.push(...page.page.map(({ name }) => name));
      cursor = page.nextCursor;
    } while (cursor !== null);
    return found;
  };

  test.each([
    ['chai', ['Chai', 'Chai House', 'chainsaw rental', 'Masala Chai']],
    ['CHAI h', ['Chai House']],
    ['house', ['Chai House', 'House of Samosa']],
    ['señ', ['Café Señor']],
    ['東', ['東京 Ramen']],
    ['hai', []],
    ['house chai', []],
  ])('finds by the beginning of any word, by name: %s', async (q, expected) => {
    expect(await walk({ q })).toEqual(expected);
  });

  test('compares what is typed beyond what is kept of beginnings', async () => {
    const long = await add('The Extraordinarily Long Name of a Tea Room');
    expect(await walk({ q: 'the extraordinarily long name of a t' })).toEqual([long.name]);
    expect(await walk({ q: 'the extraordinarily long name of a x' })).toEqual([]);
    expect(await walk({ q: 'traordinarily long name of a tea' })).toEqual([]);
  });

  test('keeps each beginning once, however a name repeats itself', () => {
    expect(prefixesOf('a A a')).toEqual(['a', 'a ', 'a a', 'a a ', 'a a a']);
  });

  test('is filtered by category and activity, newest first or by name', async () => {
    const of = { category: 'shoes' };
    await add('Shoe B', { ...of, isActive: false });
    await add('Shoe A', of);
    await add('Shoe C', of);
    expect(await walk(of)).toEqual(['Shoe C', 'Shoe A', 'Shoe B']);
    expect(await walk({ ...of, sort: 'name' })).toEqual(['Shoe A', 'Shoe B', 'Shoe C']);
    expect(await walk({ ...of, isActive: 'true' })).toEqual(['Shoe C', 'Shoe A']);
    expect(await walk({ isActive: 'false' })).toEqual(['Shoe B']);
    expect(await walk({ q: 'shoe', isActive: 'false' })).toEqual(['Shoe B']);
  });

  test('gives those that are asked for by their ids, as far as they are there', async () => {
    const [one, other] = [await add('Ids B'), await add('Ids A')];
    await domain.run(async (tx) => domain.merchants.merchants.remove(tx, await add('Ids gone'), { byAdmin: true }));
    expect(await walk({ ids: [one._id, 'nobody', other._id].join(','), sort: 'name' })).toEqual(['Ids A', 'Ids B']);
  });

  test('finds merchants from before there was a search', async () => {
    const { _id } = await add('Ancient Inn');
    const merchants = domain.mongo.db.collection<{ _id: string }>('merchants');
    await merchants.updateOne({ _id }, { $unset: { prefixes: 1, nameKey: 1, emailKey: 1 } });
    await directory.prepare();
    expect(await walk({ q: 'inn' })).toEqual(['Ancient Inn']);
  });
});
