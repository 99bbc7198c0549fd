import { z } from 'zod';
import { idSchema, timeSchema } from '../common.js';

/** Told by the first bytes of a file, never by its name. SVG can hold scripts and is none of them. */
export const imageTypes = ['image/png', 'image/jpeg', 'image/webp'] as const;
/** Bytes of one file. */
export const largestFile = 5 * 1024 * 1024;

/** What was sent. Until something uses it, it is its uploader's alone and goes away at `expiresAt`. */
export const fileSchema = z.strictObject({
  id: idSchema,
  type: z.enum(imageTypes),
  size: z.int().min(1),
  /** Pixels. */
  width: z.int().min(1),
  height: z.int().min(1),
  expiresAt: timeSchema.nullable(),
  createdAt: timeSchema,
});
export type StoredFile = z.output<typeof fileSchema>;
