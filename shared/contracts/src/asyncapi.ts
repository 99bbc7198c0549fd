import { z } from 'zod';
import type { CommandDefinition } from './command.js';
import { commandCatalogue } from './commands.js';
import { ackErrorSchema, connectionMessages, handshakeSchema } from './connection.js';
import type { EventDefinition } from './event.js';
import { eventCatalogue } from './events.js';
import { jsonSchema, type JsonSchema } from './json-schema.js';
import { PROTOCOL_VERSION } from './protocol.js';

interface Message {
  name: string;
  title: string;
  summary: string;
  payload: JsonSchema;
}

interface Ref {
  $ref: string;
}

interface Channel {
  address: string;
  description: string;
  messages: Record<string, Ref>;
  parameters?: Record<string, { description: string }>;
}

interface Operation {
  action: 'send' | 'receive';
  summary: string;
  channel: Ref;
  messages: Ref[];
  reply?: { channel: Ref; messages: Ref[] };
}

export interface AsyncApiDocument {
  asyncapi: '3.0.0';
  info: Record<string, string>;
  defaultContentType: string;
  servers: Record<string, unknown>;
  channels: Record<string, Channel>;
  operations: Record<string, Operation>;
  components: { messages: Record<string, Message>; schemas: Record<string, JsonSchema>; securitySchemes: Record<string, unknown> };
}

const commands: readonly CommandDefinition[] = Object.values<CommandDefinition>(commandCatalogue);
const events: readonly EventDefinition[] = Object.values<EventDefinition>(eventCatalogue);
const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): JsonSchema => jsonSchema(schema, io, 'draft-7');

const metaSchema = z.strictObject({ id: z.string(), feed: z.string(), seq: z.int().min(1), at: z.iso.datetime() });

/** AsyncAPI 3 of the socket: each feed is a channel that we send to; client events are received, and replied to by their ack. */
export function buildAsyncApi(): AsyncApiDocument {
  const messages: Record<string, Message> = {};
  const channels: Record<string, Channel> = {};
  const operations: Record<string, Operation> = {};

  for (const event of events) {
    messages[event.type] = message(event.type, event.summary, withMeta(schemaOf(event.data, 'output')));
    for (const address of addressesOf(event)) {
      const channel = (channels[keyOf(address)] ??= feedChannel(address));
      channel.messages[event.type] = { $ref: `#/components/messages/${event.type}` };
    }
  }
  for (const [key, channel] of Object.entries(channels)) {
    operations[`send-${key}`] = {
      action: 'send',
      summary: `The events of ${channel.address}`,
      channel: { $ref: `#/channels/${key}` },
      messages: Object.keys(channel.messages).map((name) => ({ $ref: `#/channels/${key}/messages/${name}` })),
    };
  }

  const connection: Channel = {
    address: '/',
    description: 'The connection itself (the default namespace): client events with their acks, and messages to this connection alone.',
    messages: {},
  };
  const addToConnection = (added: Message): void => {
    messages[added.name] = added;
    connection.messages[added.name] = { $ref: `#/components/messages/${added.name}` };
  };
  const ofConnection = (name: string): Ref => ({ $ref: `#/channels/connection/messages/${name}` });
  const connectionChannel = { $ref: '#/channels/connection' };

  const own = Object.entries(connectionMessages);
  for (const [name, { summary, data }] of own) addToConnection(message(name, summary, schemaOf(data, 'output')));
  operations['send-connection'] = {
    action: 'send',
    summary: 'Messages to one connection, in no feed',
    channel: connectionChannel,
    messages: own.map(([name]) => ofConnection(name)),
  };
  for (const command of commands) {
    const { name, summary } = command;
    const ack = `${name}.ack`;
    addToConnection(message(name, summary, schemaOf(command.payload, 'input')));
    addToConnection(message(ack, `The ack of ${name}`, ackPayload(command)));
    operations[`receive-${name}`] = {
      action: 'receive',
      summary,
      channel: connectionChannel,
      messages: [ofConnection(name)],
      reply: { channel: connectionChannel, messages: [ofConnection(ack)] },
    };
  }

  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Tidings',
      version: `${PROTOCOL_VERSION}.0.0`,
      description:
        'Socket.IO v4, default namespace, `auth` as the schema Handshake says. Each event of a feed carries `meta`: reconnect with the last `seq` of each feed as `cursors`, and nothing is missed.',
    },
    defaultContentType: 'application/json',
    servers: {
      socket: {
        host: 'localhost:8000',
        pathname: '/socket.io',
        protocol: 'wss',
        description: 'Socket.IO, by websocket or polling',
        security: [{ $ref: '#/components/securitySchemes/token' }],
      },
      stream: {
        host: 'localhost:8000',
        pathname: '/api/feeds/stream',
        protocol: 'https',
        description:
          'The same feeds as server-sent events: `event` is the name, `data` the payload with `meta`, `id` the position. Client events need Socket.IO. See `/api/openapi.json`, also for long-poll and plans.',
        security: [{ $ref: '#/components/securitySchemes/bearer' }],
      },
    },
    channels: { connection, ...channels },
    operations,
    components: {
      messages,
      schemas: { Handshake: schemaOf(handshakeSchema, 'input') },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'As `auth.token` of the handshake' },
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'As the header `Authorization`, or a ticket as `?ticket=`',
        },
      },
    },
  };
}

function message(name: string, summary: string, payload: JsonSchema): Message {
  return { name, title: name, summary, payload };
}

function withMeta(data: JsonSchema): JsonSchema {
  return {
    ...data,
    properties: { ...data.properties, meta: schemaOf(metaSchema, 'output') },
    required: [...(data.required ?? []), 'meta'],
  };
}

function ackPayload(command: CommandDefinition): JsonSchema {
  const answer = schemaOf(command.ack, 'output');
  const accepted: JsonSchema = {
    ...answer,
    properties: { ok: { const: true }, ...answer.properties },
    required: ['ok', ...(answer.required ?? [])],
  };
  return { anyOf: [accepted, schemaOf(ackErrorSchema, 'output')] };
}

/**
 * The feeds of an event with placeholders in place of ids: found by routing it, so that the document cannot say
 * another thing than the code does.
 */
function addressesOf(event: EventDefinition): string[] {
  const targets = placeholders(event.to).flatMap((to) => event.feeds(to));
  return [...new Set(targets.map((target) => (typeof target === 'string' ? target : target.feed)))].map((feed) =>
    // Whose id it is (sender, receiver) does not make another kind of feed.
    feed.replace(/\{(?!role\})\w+\}/, '{id}'),
  );
}

function placeholders(to: z.ZodType): Record<string, string>[] {
  if (to instanceof z.ZodUnion) return to.options.flatMap((option) => placeholders(option as z.ZodType));
  if (!(to instanceof z.ZodObject)) return [{}];
  const fields = Object.entries<z.ZodType>(to.shape);
  const filled = (chosen: typeof fields): Record<string, string> => Object.fromEntries(chosen.map(([name]) => [name, `{${name}}`]));
  const required = fields.filter(([, field]) => !field.safeParse(undefined).success);
  return required.length === fields.length ? [filled(fields)] : [filled(fields), filled(required)];
}

const keyOf = (address: string): string => address.replaceAll(/[^a-z]+/g, '-').replace(/-$/, '');

function feedChannel(address: string): Channel {
  const parameter = /\{(\w+)\}/.exec(address)?.[1];
  return {
    address,
    description: `The feed ${address}`,
    messages: {},
    ...(parameter
      ? { parameters: { [parameter]: { description: parameter === 'role' ? 'A role' : `The id of the ${address.split(':', 1)[0]}` } } }
      : {}),
  };
}
