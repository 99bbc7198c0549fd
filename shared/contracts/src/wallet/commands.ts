import { z } from 'zod';
import { defineCommand } from '../command.js';
import { walletSchema } from './schemas.js';

export const walletCommands = {
  'refresh-balance': defineCommand({
    name: 'refresh-balance',
    summary: 'Ask for the balance; a `balance-updated` with `amount: 0, reason: "refresh"` comes to this socket too',
    payload: z.strictObject({}),
    ack: walletSchema,
    forward: () => ({ method: 'GET', path: '/api/wallet' }),
  }),
};
