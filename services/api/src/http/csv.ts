import { stringify } from 'csv-stringify/sync';
import { Media } from './media.js';

/** A column: its name on the first line, and what a row has in it. Numbers are whole; null is an empty cell. */
export type Column<Row> = readonly [name: string, cellOf: (row: Row) => string | number | null];

/**
 * A spreadsheet takes what begins so for a formula and runs it (https://owasp.org/www-community/attacks/CSV_Injection), also behind a separator
 * of its own: where the comma is the decimal sign, lines are split at semicolons. The library sees to the beginning of a cell.
 */
const formulaInside = /([;\t\r\n]\s*)([=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/g;

const lines = (rows: readonly (readonly (string | number | null)[])[]): string =>
  stringify([...rows], {
    record_delimiter: 'windows',
    quoted_string: true,
    escape_formulas: true,
    cast: { string: (value) => value.trim().replaceAll(formulaInside, "$1'$2") },
  });

/**
 * A file by RFC 4180 with a header line, written page by page as the client takes it. It begins with the mark of UTF-8: without it spreadsheets
 * read the letters of most of the world as something else.
 * @param name without the ending
 */
export function csvFile<Row>(
  name: string,
  columns: readonly Column<Row>[],
  pages: AsyncIterable<readonly Row[]> | readonly (readonly Row[])[],
): Media {
  const text = async function* (): AsyncGenerator<string> {
    yield `\uFEFF${lines([columns.map(([title]) => title)])}`;
    for await (const page of pages) if (page.length > 0) yield lines(page.map((row) => columns.map(([, cellOf]) => cellOf(row))));
  };
  return new Media('text/csv; charset=utf-8; header=present', text(), {
    'Content-Disposition': `attachment; filename="${name}.csv"`,
    'Cache-Control': 'no-store',
  });
}
