import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { allRoutes, commandNames, eventTypes, scopes } from '@tidings/contracts';

const pages = ['README.md', 'CONTRIBUTING.md', 'deploy/README.md', ...pagesIn('docs'), ...pagesIn('docs/decisions')];

function pagesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
}

test('docs/events.md names every event and every client event', () => {
  const page = readFileSync('docs/events.md', 'utf8');
  for (const name of [...eventTypes, ...commandNames]) expect(page).toContain(`\`${name}\``);
});

test.each(pages)('%s links to what is there', (page) => {
  const targets = [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:)(?<path>[^)#]+)/g)].map(({ groups }) => groups!['path']!);
  expect(targets.filter((path) => !existsSync(join(dirname(page), path)))).toEqual([]);
});

/** What stands for an id in a path: `:id`, `<id>`, `$ID`, `{id}`. A route's ids are `*`, too. */
const anyId = (path: string): string => path.replaceAll(/:\w+|<[^>]+>|\$\w+|\{\w+\}|…/g, '*').replace(/\/$/, '');
const known = new Set(allRoutes.map(({ method, path }) => `${method.toUpperCase()} ${anyId(path)}`));

/** Requests that a page tells of: `GET /api/…` in its text, and the lines of its commands. */
function requestsOf(text: string): string[] {
  const told = [...text.matchAll(/\b(?<method>GET|POST|PUT|PATCH|DELETE) (?<path>\/api\/[^\s`?,;)&]*)/g)];
  const called = text.split('\n').flatMap((line) =>
    [...line.matchAll(/call \$\w+ ["']?(?<path>\/api\/[^\s"'?)]*)(?<rest>[^|)]*)/g)].map(({ groups }) => {
      const { path = '', rest = '' } = groups!;
      const method = /-X (?<method>[A-Z]+)/.exec(rest)?.groups?.['method'] ?? (/ -d /.test(rest) ? 'POST' : 'GET');
      return `${method} ${anyId(path)}`;
    }),
  );
  return [...told.map(({ groups }) => `${groups!['method']} ${anyId(groups!['path']!)}`), ...called];
}

test.each(pages)('%s tells of routes that are there', (page) => {
  expect(requestsOf(readFileSync(page, 'utf8')).filter((request) => !known.has(request))).toEqual([]);
});

test('the commands of the first steps are recognised as such', () => {
  const requests = requestsOf(readFileSync('docs/first-steps.md', 'utf8'));
  expect(requests).toEqual(
    expect.arrayContaining(['POST /api/orders', 'PATCH /api/orders/*/status', 'GET /api/merchants/*/invoices/*.pdf']),
  );
});

test('docs/administration.md names every scope of API keys, with what it reaches and no more', () => {
  const rows = readFileSync('docs/administration.md', 'utf8').split('\n');
  for (const scope of scopes) {
    const row = rows.find((line) => line.startsWith(`| \`${scope}\` |`)) ?? '';
    const reached = allRoutes.filter((route) => route.scope === scope).map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect([scope, [...row.matchAll(/`([A-Z]+ [^`]+)`/g)].map(([, route]) => route).toSorted()]).toEqual([scope, reached.toSorted()]);
  }
});
