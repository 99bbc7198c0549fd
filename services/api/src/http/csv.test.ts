import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from '@jest/globals';
import { csvFile, type Column } from './csv.js';
import type { Media } from './media.js';

const columns: readonly Column<{ name: string; points: number | null }>[] = [
  ['name', ({ name }) => name],
  ['points', ({ points }) => points],
];

async function textOf({ body }: Media): Promise<string> {
  let text = '';
  for await (const part of body as AsyncIterable<string>) text += part;
  return text;
}
const cellOf = async (name: string): Promise<string> => {
  const text = await textOf(csvFile('x', columns, [[{ name, points: 1 }]]));
  return text.slice(text.indexOf('\r\n') + 2, -',1\r\n'.length);
};

describe('a file for spreadsheets', () => {
  test('has the mark of UTF-8, a header and lines by RFC 4180, whatever the pages', async () => {
    const rows = [
      { name: 'Asha "Ash" Rao, Pune', points: 10 },
      { name: 'Ñandú\nÉlan', points: null },
      { name: '', points: -5 },
    ];
    const expected = '\uFEFF"name","points"\r\n"Asha ""Ash"" Rao, Pune",10\r\n"Ñandú\nÉlan",\r\n"",-5\r\n';
    expect(await textOf(csvFile('x', columns, [rows]))).toBe(expected);
    expect(await textOf(csvFile('x', columns, [[], ...rows.map((row) => [row]), []]))).toBe(expected);
    const none = csvFile('members', columns, []);
    expect(await textOf(none)).toBe('\uFEFF"name","points"\r\n');
    expect([none.type, none.headers['Content-Disposition']]).toEqual([
      'text/csv; charset=utf-8; header=present',
      'attachment; filename="members.csv"',
    ]);
  });

  test.each([
    ['=HYPERLINK("http://evil.example";"a")', `"'=HYPERLINK(""http://evil.example"";""a"")"`],
    ['+1+cmd|" /C calc"!A0', `"'+1+cmd|"" /C calc""!A0"`],
    ['-2+3', `"'-2+3"`],
    ['@SUM(1)', `"'@SUM(1)"`],
    ['  =1+1', `"'=1+1"`],
    ['\t=1+1', `"'=1+1"`],
    ['＝1+1', `"'＝1+1"`],
    ['Bob;=1+1', `"Bob;'=1+1"`],
    ['Bob\n  @x', `"Bob\n  '@x"`],
    ['Asha-Maria =)', '"Asha-Maria =)"'],
  ])('has no formula in it: %j', async (name, cell) => {
    expect(await cellOf(name)).toBe(cell);
  });

  test('is read as fast as it is taken, and no further when who takes it goes away', async () => {
    const seen = { pages: 0, isOver: false };
    const endless = async function* () {
      try {
        for (;;) yield [{ name: 'x'.repeat(50_000), points: ++seen.pages }];
      } finally {
        seen.isOver = true;
      }
    };
    let goOn = (): void => {};
    const taken = new Promise<void>((resolve) => (goOn = resolve));
    const client = new Writable({
      highWaterMark: 10,
      write: (part: Buffer, _encoding, done) => {
        // The header is taken, the next part never.
        if (part.length < 100) return done();
        return goOn();
      },
    });
    const sent = pipeline(csvFile('x', columns, endless()).body as AsyncIterable<string>, client);
    await taken;
    expect(seen).toEqual({ pages: 1, isOver: false });
    client.destroy();
    await expect(sent).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
    expect(seen.pages).toBeLessThanOrEqual(2);
    expect(seen.isOver).toBe(true);
  });
});
