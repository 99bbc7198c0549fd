import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { commandNames, eventTypes } from '@tidings/contracts';

test('docs/events.md names every event and every client event', () => {
  const page = readFileSync('docs/events.md', 'utf8');
  for (const name of [...eventTypes, ...commandNames]) expect(page).toContain(`\`${name}\``);
});
