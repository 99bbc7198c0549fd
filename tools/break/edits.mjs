import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {import('./mutations.mjs').Mutation} Mutation */

/** For a regular expression. @param {string} text */
export const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/**
 * Finds source text whatever its line breaks, indentation and trailing commas are.
 * @param {string} text
 */
const pattern = (text) => {
  const tokens = text.match(/[\w$#]+|\S/g) ?? [];
  const source = tokens.map((token, index) => {
    const isWord = /[\w$#]/.test(token);
    const before = index > 0 && isWord && /[\w$#]$/.test(tokens[index - 1] ?? '') ? '\\s+' : '\\s*';
    return `${index > 0 ? before : ''}${/[)\]}]/.test(token) ? ',?\\s*' : ''}${escaped(token)}`;
  });
  return new RegExp(source.join(''), 'g');
};

/**
 * Edits whose text is not in the tree exactly once: the mechanism has moved, and the edit must follow it.
 * @param {string} tree
 * @param {readonly Mutation[]} mutations
 * @returns {string[]} one line each
 */
export function misfits(tree, mutations) {
  return mutations.flatMap(({ name, edits }) =>
    edits.flatMap(({ file, search }) => {
      const found = readFileSync(join(tree, file), 'utf8').match(pattern(search))?.length ?? 0;
      return found === 1 ? [] : [`${name}: "${search}" is found ${found} times in ${file}`];
    }),
  );
}

/**
 * Makes the edits of a mutation; what it returns takes them back.
 * @param {string} tree
 * @param {Mutation} mutation
 * @returns {() => void}
 */
export function mutate(tree, { edits }) {
  const undo = edits.map(({ file, search, replace }) => {
    const path = join(tree, file);
    const source = readFileSync(path, 'utf8');
    writeFileSync(
      path,
      source.replace(pattern(search), () => replace),
    );
    return () => writeFileSync(path, source);
  });
  return () => {
    for (const back of undo.reverse()) back();
  };
}
