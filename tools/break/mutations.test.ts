import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../bootstrap.mjs';
import { misfits } from './edits.mjs';
import { mutations } from './mutations.mjs';

test('every mechanism that `npm run break` switches off is where it looks for it', () => {
  expect(misfits(root, mutations)).toEqual([]);
});

test('every invariant is guarded, by tests that exist', () => {
  expect(new Set(mutations.map(({ invariant }) => invariant))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8]));
  expect(new Set(mutations.map(({ name }) => name)).size).toBe(mutations.length);
  for (const { testFile, test: name } of mutations) expect(readFileSync(join(root, testFile), 'utf8')).toContain(name);
});
