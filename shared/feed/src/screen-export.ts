import {
  emptyScreen,
  olderScreenExportFootSchema,
  reducePacket,
  screenExportEntrySchema,
  screenExportFootSchema,
  screenExportFormat,
  screenExportFormatOf,
  screenExportHeadSchema,
  screenExportPacketSchema,
  type Screen,
  type ScreenExportEntry,
  type ScreenExportFoot,
  type ScreenExportHead,
} from '@tidings/contracts';
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Each digest is over the one before, so that no entry can be changed, left out or put in without changing all that follow. */
const firstDigest = (head: ScreenExportHead): string => sha256(JSON.stringify(screenExportHeadSchema.parse(head)));
const nextDigest = (before: string, { seq, eventId, appendedAt, sha256: hash }: Omit<ScreenExportEntry, 'digest' | 'packet'>): string =>
  sha256([before, seq, eventId, appendedAt, hash].join('\n'));

/** What of an entry goes into an export. */
export interface ProvingEntry {
  seq: number;
  eventId: string;
  at: Date;
  packet: string;
}

/** The lines of an export, each with its line break; holds one page and the screen, whatever the length. The last line tells the result. */
export async function* screenExportLines(
  head: ScreenExportHead,
  pages: AsyncIterable<readonly ProvingEntry[]>,
): AsyncGenerator<string, ScreenExportFoot> {
  yield `${JSON.stringify(screenExportHeadSchema.parse(head))}\n`;
  let foot: ScreenExportFoot = { entries: 0, at: null, digest: firstDigest(head), screen: emptyScreen };
  for await (const page of pages) {
    let text = '';
    for (const { seq, eventId, at, packet } of page) {
      const proof = { seq, eventId, appendedAt: at.toISOString(), sha256: sha256(packet) };
      const digest = nextDigest(foot.digest, proof);
      text += `${JSON.stringify({ ...proof, digest, packet } satisfies ScreenExportEntry)}\n`;
      foot = { entries: foot.entries + 1, at: proof.appendedAt, digest, screen: reducePacket(foot.screen, packet) };
    }
    yield text;
  }
  yield `${JSON.stringify(foot)}\n`;
  return foot;
}

export interface Verdict {
  /** What is wrong with the file, at most twenty lines; empty when it is consistent. */
  problems: string[];
  /** Compare it with the audit log's: `user.screen.exported`. */
  digest: string;
  entries: number;
  screen: Screen;
}

const mostProblems = 20;

/**
 * Folds an export again: whether nothing is missing, nothing was changed, and its entries make the screen that it shows. Of an older
 * format, the entries have to make what the screen shows, and may make more: later versions have more parts and fields.
 * @throws Error when it is no export at all, or one of a newer format
 */
export async function verifyScreenExport(lines: AsyncIterable<string>): Promise<Verdict> {
  const problems: string[] = [];
  const note = (problem: string): void => {
    if (problems.length < mostProblems) problems.push(problem);
  };
  let head: ScreenExportHead | undefined;
  let foot: (Pick<ScreenExportFoot, 'digest'> & { screen: object }) | undefined;
  let format = screenExportFormat;
  let verdict: Omit<Verdict, 'problems'> = { digest: '', entries: 0, screen: emptyScreen };
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line.trim() === '') continue;
    const value = parsed(line);
    if (!head) {
      format = formatOf(value);
      head = screenExportHeadSchema.safeParse(value).data;
      if (!head) throw new Error('This is no exported screen: its first line is not the head of one');
      verdict = { ...verdict, digest: firstDigest(head) };
      continue;
    }
    if (foot) note('there are lines behind the last one');
    const entry = screenExportEntrySchema.safeParse(value);
    if (!entry.success) {
      foot = (format < screenExportFormat ? olderScreenExportFootSchema : screenExportFootSchema).safeParse(value).data;
      // A download that broke off ends within a line.
      if (!foot) throw new Error(`Line ${number} is neither an entry nor an end as this version writes it`);
      continue;
    }
    if (!screenExportPacketSchema.safeParse(parsed(entry.data.packet)).success)
      throw new Error(`Line ${number} holds no packet as clients get them`);
    for (const problem of faults(head, verdict, entry.data)) note(`entry ${entry.data.seq}: ${problem}`);
    verdict = {
      digest: nextDigest(verdict.digest, entry.data),
      entries: verdict.entries + 1,
      screen: reducePacket(verdict.screen, entry.data.packet),
    };
  }
  if (!head || !foot) throw new Error('The file has no beginning, or no end');
  if (verdict.entries !== Math.max(0, head.seq - head.from + 1))
    note(`it has ${verdict.entries} entries, and tells of ${head.from} to ${head.seq}`);
  if (foot.digest !== verdict.digest) note('the digest at the end is another than that of the entries');
  if (head.complete && head.from !== 1) note('it says that it is complete and does not begin with the first entry');
  // Through JSON, as what is in the file was: a field that is undefined is one that is not there.
  const [shown, made]: [unknown, unknown] = [JSON.parse(JSON.stringify(foot.screen)), JSON.parse(JSON.stringify(verdict.screen))];
  if (!(format < screenExportFormat ? holds(made, shown) : isDeepStrictEqual(made, shown))) {
    note('its entries make another screen than the one that it shows');
  }
  return { ...verdict, problems };
}

/** @throws Error for what is no export, and for a newer one, which this version cannot judge */
function formatOf(head: unknown): number {
  const format = screenExportFormatOf((head as { format?: unknown } | undefined | null)?.format);
  if (format === undefined) throw new Error('This is no exported screen: its first line is not the head of one');
  if (format > screenExportFormat) {
    throw new Error(
      `It was written in format ${format} by a newer version of Tidings, and this one knows the formats up to ${screenExportFormat}: verify it with the version that wrote it, or a later one`,
    );
  }
  return format;
}

/** Whether everything that an older version showed is in what this one makes of the same entries, in the same order. */
function holds(made: unknown, shown: unknown): boolean {
  if (Array.isArray(shown)) {
    if (!Array.isArray(made)) return false;
    let from = 0;
    return shown.every((item) => {
      while (from < made.length && !holds(made[from], item)) from += 1;
      from += 1;
      return from <= made.length;
    });
  }
  if (typeof shown !== 'object' || shown === null) return made === shown;
  return typeof made === 'object' && made !== null && Object.entries(shown).every(([key, value]) => holds(Reflect.get(made, key), value));
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // No value of JSON, and refused as such by each schema.
    return undefined;
  }
}

function faults(head: ScreenExportHead, { digest, entries }: Pick<Verdict, 'digest' | 'entries'>, entry: ScreenExportEntry): string[] {
  const [, { meta }] = JSON.parse(entry.packet) as [string, { meta: { id: string; feed: string; seq: number } }];
  const expected = head.from + entries;
  return [
    ...(entry.seq === expected ? [] : [`${expected} should stand here`]),
    ...(sha256(entry.packet) === entry.sha256 ? [] : ['the packet is not the one of its SHA-256']),
    ...(nextDigest(digest, entry) === entry.digest ? [] : ['the digest does not go on from the one before']),
    ...(meta.feed === head.feed && meta.seq === entry.seq && meta.id === entry.eventId ? [] : ['the packet is of another place']),
  ];
}
