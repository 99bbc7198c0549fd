import { z } from 'zod';
import { idSchema, timeSchema } from '../common.js';

/** An administrator who has a plan open, and since when. */
export const editorSchema = z.strictObject({ userId: idSchema, email: z.string(), since: timeSchema });
export type Editor = z.output<typeof editorSchema>;

export const planEditingSchema = z.strictObject({ planId: idSchema, editors: z.array(editorSchema) });
