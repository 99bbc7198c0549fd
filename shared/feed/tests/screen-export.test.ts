import { screenExportFormat } from '@tidings/contracts';
import { expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyScreenExport } from '../src/index.js';

/** One export by each format there has been, as the version of its time wrote it. They are never changed. */
const folder = join(import.meta.dirname, 'screen-exports');
const formats = Array.from({ length: screenExportFormat }, (_, index) => index + 1);
const linesOfFormat = (format: number): string[] => {
  const file = join(folder, `tidings-screen-${format}.ndjson`);
  if (!existsSync(file)) throw new Error(`Keep a small export of the new format in ${file}`);
  return readFileSync(file, 'utf8').trimEnd().split('\n');
};
const verify = (lines: readonly string[]) =>
  verifyScreenExport(
    (async function* () {
      yield* lines;
    })(),
  );
/** With other fields in the line at this place. */
const edited = (lines: readonly string[], index: number, edit: (value: Record<string, unknown>) => object): string[] =>
  lines.with(index, JSON.stringify(edit(JSON.parse(lines.at(index)!) as Record<string, unknown>)));
const withScreen = (lines: readonly string[], edit: (screen: Record<string, unknown>) => object): string[] =>
  edited(lines, -1, (foot) => ({ ...foot, screen: edit(foot['screen'] as Record<string, unknown>) }));

// When the newest one fails as a screen has another part or shape now: raise `screenExportFormat`, and put an export of the new format beside it.
test.each(formats)('an export of format %i is verified by this version', async (format) => {
  const lines = linesOfFormat(format);
  expect(await verify(lines)).toMatchObject({ problems: [], entries: lines.length - 2 });
});

test.each(formats)('a forged one of format %i is found out', async (format) => {
  const lines = linesOfFormat(format);
  const forged = [
    edited(lines, 1, (entry) => ({ ...entry, packet: String(entry['packet']).replace('20000', '90000') })),
    lines.toSpliced(3, 1),
    edited(lines, 0, (head) => ({ ...head, userId: 'another' })),
    withScreen(lines, (screen) => ({ ...screen, wallet: { ...(screen['wallet'] as object), balance: 1 } })),
    withScreen(lines, (screen) => ({ ...screen, orders: (screen['orders'] as unknown[]).toReversed() })),
    withScreen(lines, ({ orders, ...screen }) => ({ ...screen, orders: [...(orders as unknown[]), { id: 'made-up' }] })),
  ];
  for (const [index, file] of forged.entries()) {
    const problems = await verify(file).then(
      (verdict) => verdict.problems,
      (error: Error) => [error.message],
    );
    expect([index, problems.length > 0]).toEqual([index, true]);
  }
});

test('of an older format less is shown than its entries make now; of this one, nothing may be missing', async () => {
  const [oldest, newest] = [linesOfFormat(1), linesOfFormat(screenExportFormat)];
  const { screen, problems } = await verify(oldest);
  expect(problems).toEqual([]);
  const parts = (lines: readonly string[]) => Object.keys((JSON.parse(lines.at(-1)!) as { screen: object }).screen);
  expect(parts(oldest)).toEqual(['wallet', 'transactions', 'orders', 'notifications']);
  expect(Object.keys(screen)).toEqual(expect.arrayContaining(parts(newest)));
  const short = withScreen(newest, (shown) => ({ ...shown, notifications: [] }));
  expect((await verify(short)).problems).toEqual(['its entries make another screen than the one that it shows']);
});

test('a newer format, and what is no export, are refused with a reason', async () => {
  const lines = linesOfFormat(screenExportFormat);
  const newer = edited(lines, 0, (head) => ({ ...head, format: `tidings-screen-${screenExportFormat + 1}`, more: true }));
  await expect(verify(newer)).rejects.toThrow(`written in format ${screenExportFormat + 1} by a newer version of Tidings`);
  for (const format of ['tidings-screen-0', 'tidings-screen-x', 'another', 7, null]) {
    await expect(verify(edited(lines, 0, (head) => ({ ...head, format })))).rejects.toThrow('no exported screen');
  }
  for (const line of ['null', '[]', '"text"', '# Tidings']) await expect(verify([line])).rejects.toThrow('no exported screen');
  for (const packet of ['{}', '["balance-updated"]', '["balance-updated",{}]', 'x']) {
    await expect(verify(edited(lines, 1, (entry) => ({ ...entry, packet })))).rejects.toThrow('Line 2 holds no packet');
  }
});
