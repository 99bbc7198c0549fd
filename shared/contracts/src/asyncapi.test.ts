import { Parser } from '@asyncapi/parser';
import { describe, expect, test } from '@jest/globals';
import { buildAsyncApi } from './asyncapi.js';
import { commandNames } from './commands.js';
import { eventTypes } from './events.js';

// As clients get it: through JSON.
const document = JSON.parse(JSON.stringify(buildAsyncApi())) as ReturnType<typeof buildAsyncApi>;

describe('the AsyncAPI document', () => {
  test('is valid AsyncAPI 3', async () => {
    const { document: parsed, diagnostics } = await new Parser().parse(JSON.stringify(document));
    // Severity 0 is an error; what is below are recommendations (contact, licence).
    expect(diagnostics.filter(({ severity }) => severity === 0)).toEqual([]);
    expect(parsed?.version()).toBe('3.0.0');
  });

  test('has each event in the channels of its feeds, with meta', () => {
    const sent = Object.entries(document.channels).flatMap(([key, channel]) => (key === 'connection' ? [] : Object.keys(channel.messages)));
    expect([...new Set(sent)].sort()).toEqual([...eventTypes].sort());
    expect(Object.values(document.channels).map(({ address }) => address)).toEqual(
      expect.arrayContaining([
        'user:{id}',
        'order:{id}',
        'merchant:{id}',
        'merchant:{id}:menu',
        'plans',
        'plan:{id}',
        'announcements:{role}',
        'admin',
      ]),
    );
    expect(document.channels['order-id']?.messages).toHaveProperty('order-ready');
    expect(document.channels['admin']?.messages).not.toHaveProperty('order-ready');
    expect(document.components.messages['balance-updated']?.payload.required).toContain('meta');
  });

  test('receives each client event, and replies by an ack', () => {
    for (const name of commandNames) {
      expect(document.operations[`receive-${name}`]?.reply?.messages).toEqual([{ $ref: `#/channels/connection/messages/${name}.ack` }]);
    }
  });
});
