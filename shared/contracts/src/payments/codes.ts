import { z } from 'zod';
import { timeSchema } from '../common.js';

/** The text of a QR code of ours; whether it is one, its own errors tell (`code-invalid`, `code-expired`, `code-used`, `code-foreign`). */
export const codeSchema = z.string().min(1).max(300);

/** Without `format` the `Accept` header decides; PNG where that leaves it open. */
export const qrFormatQuery = { format: z.enum(['png', 'svg', 'json']).optional() };
export const qrMedia = ['image/png', 'image/svg+xml'] as const;

/** A QR code as text; `expiresAt` is null for one that stays valid. */
export const shownCodeSchema = z.strictObject({ code: codeSchema, expiresAt: timeSchema.nullable() });
export type ShownCode = z.output<typeof shownCodeSchema>;
