import type { z } from 'zod';
import type { CommandDefinition } from './command.js';
import type { Ack } from './connection.js';
import { orderCommands } from './orders/commands.js';
import { paymentCommands } from './payments/commands.js';
import { planCommands } from './plans/commands.js';
import { systemCommands } from './system/commands.js';
import { walletCommands } from './wallet/commands.js';

/** Every client event, by its name. */
export const commandCatalogue = { ...systemCommands, ...walletCommands, ...orderCommands, ...paymentCommands, ...planCommands };

type Catalogue = typeof commandCatalogue;
export type CommandName = keyof Catalogue;
export type CommandPayload<N extends CommandName> = z.output<Catalogue[N]['payload']>;
export type CommandAnswer<N extends CommandName> = z.output<Catalogue[N]['ack']>;

export const commandNames = Object.keys(commandCatalogue) as CommandName[];

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commandCatalogue, name);
}

/** The definition of a command whose name is known only at run time. */
export function commandDefinition(name: CommandName): CommandDefinition {
  return commandCatalogue[name];
}

/** For `Server<ClientToServerEvents, ServerToClientEvents>` and for clients. */
export type ClientToServerEvents = {
  [N in CommandName]: (payload: z.input<Catalogue[N]['payload']>, ack?: (answer: Ack<CommandAnswer<N>>) => void) => void;
};
