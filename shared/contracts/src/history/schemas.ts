import { z } from 'zod';
import { idSchema, timeSchema } from '../common.js';
import { screenSchema } from './screen.js';

const seq = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** The moment to look at: a time, or a place in the feed; both: whichever was first; neither: now. */
export const screenQuery = z.strictObject({
  at: timeSchema.optional(),
  seq: z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .optional(),
});
export type ScreenQuery = z.output<typeof screenQuery>;

const folded = {
  userId: idSchema,
  feed: z.string(),
  epoch: idSchema,
  /** The entries `from` to `seq` were folded; none when `seq` is less than `from`. */
  from: z.int().min(1),
  seq,
  /** False when entries before `from` are gone, or too many: what only they told of is missing. */
  complete: z.boolean(),
};

/** `at`: when the last entry was appended, from which moment on it was delivered; null without one. */
export const pastScreenSchema = z.strictObject({ ...folded, at: timeSchema.nullable(), screen: screenSchema });
export type PastScreen = z.output<typeof pastScreenSchema>;

// --- The export: one JSON text a line, first the head, then each entry, last the foot. ---

/** How exports are written now. Raise it when a screen gets another part or shape; the lines themselves stay as they are, so that older files can be read. */
export const screenExportFormat = 4;
const formatPattern = /^tidings-screen-([1-9]\d{0,5})$/;
export const screenExportFormatName = `tidings-screen-${screenExportFormat}`;
/** The number in the name of a format; undefined for what is none. */
export const screenExportFormatOf = (name: unknown): number | undefined => {
  const number = typeof name === 'string' ? formatPattern.exec(name)?.[1] : undefined;
  return number === undefined ? undefined : Number(number);
};

export const screenExportHeadSchema = z.strictObject({
  format: z.string().regex(formatPattern),
  protocol: z.int(),
  ...folded,
  exportedAt: timeSchema,
  exportedBy: idSchema,
});
export type ScreenExportHead = z.output<typeof screenExportHeadSchema>;

/** `packet` is the very text that clients got, `digest` goes on from the one of the line before. */
export const screenExportEntrySchema = z.strictObject({
  seq,
  eventId: z.string(),
  appendedAt: timeSchema,
  sha256,
  digest: sha256,
  packet: z.string(),
});
export type ScreenExportEntry = z.output<typeof screenExportEntrySchema>;

/** What of a packet is read to find its place. */
export const screenExportPacketSchema = z.tuple([
  z.string(),
  z.looseObject({ meta: z.looseObject({ id: z.string(), feed: z.string(), seq }) }),
]);

const footOf = <Shown extends z.ZodType>(screen: Shown) =>
  z.strictObject({ entries: seq, at: timeSchema.nullable(), digest: sha256, screen });
export const screenExportFootSchema = footOf(screenSchema);
export type ScreenExportFoot = z.output<typeof screenExportFootSchema>;
/** Of an older format, whose screen has fewer parts, or fewer fields in them. */
export const olderScreenExportFootSchema = footOf(z.record(z.string(), z.unknown()));
