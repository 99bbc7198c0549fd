import { z } from 'zod';
import { defineCommand } from '../command.js';
import { idSchema } from '../common.js';
import { editorSchema } from './editors.js';

export const planCommands = {
  'plan-editing': defineCommand({
    name: 'plan-editing',
    summary:
      'Tell other administrators that one has a plan open, and see who else has; repeat it within 30 s, or say `open: false`. Nobody keeps it',
    payload: z.strictObject({ planId: idSchema, open: z.boolean().default(true) }),
    ack: z.strictObject({ editors: z.array(editorSchema) }),
  }),
};
