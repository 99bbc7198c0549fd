import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import type { z } from 'zod';
import type { CommandDefinition } from './command.js';
import { commandCatalogue } from './commands.js';
import { ackErrorSchema, connectionMessages, handshakeSchema } from './connection.js';
import type { EventDefinition } from './event.js';
import { eventCatalogue } from './events.js';
import { jsonSchema } from './json-schema.js';
import { PROTOCOL_HASH, PROTOCOL_VERSION } from './protocol.js';

/** The same text for the same meaning: fields in the order of their names. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, entry]) => [key, canonical(entry)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function wireFormat(): unknown {
  const incoming = (schema: z.ZodType): unknown => jsonSchema(schema, 'input');
  const outgoing = (schema: z.ZodType): unknown => jsonSchema(schema, 'output');
  const byName = (entries: (readonly [string, unknown])[]): unknown => Object.fromEntries(entries);
  return {
    events: byName(Object.values<EventDefinition>(eventCatalogue).map(({ type, data }) => [type, outgoing(data)])),
    commands: byName(
      Object.values<CommandDefinition>(commandCatalogue).map(({ name, payload, ack }) => [
        name,
        { payload: incoming(payload), ack: outgoing(ack) },
      ]),
    ),
    connection: byName(Object.entries(connectionMessages).map(([name, { data }]) => [name, outgoing(data)])),
    handshake: incoming(handshakeSchema),
    ackError: outgoing(ackErrorSchema),
  };
}

test('the wire format is the one that PROTOCOL_VERSION stands for', () => {
  const hash = createHash('sha256')
    .update(JSON.stringify(canonical(wireFormat())))
    .digest('hex')
    .slice(0, 32);
  if (hash !== PROTOCOL_HASH) {
    throw new Error(
      `What goes over the socket has changed; apps in the field speak protocol ${PROTOCOL_VERSION}.\n` +
        'If those still understand every message (a new event, a new optional field), keep PROTOCOL_VERSION; if a field or message went away, became required, or means another thing, raise it.\n' +
        `Then set in shared/contracts/src/protocol.ts: PROTOCOL_HASH = '${hash}', and note the change in CHANGELOG.md.`,
    );
  }
  expect(hash).toBe(PROTOCOL_HASH);
});
