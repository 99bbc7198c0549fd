import { z } from 'zod';

export type JsonSchema = z.core.JSONSchema.JSONSchema;

/** A schema as JSON Schema. `io`: what is sent to us (`input`), or what we answer (`output`). */
export function jsonSchema(schema: z.ZodType, io: 'input' | 'output', target: 'draft-2020-12' | 'draft-7' = 'draft-2020-12'): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, target });
  return rest;
}
