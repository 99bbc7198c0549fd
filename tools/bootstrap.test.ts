import { describe, expect, test } from '@jest/globals';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { assertNodeVersion, assertPortFree, isInstalled, portFrom } from './bootstrap.mjs';

describe('before anything is installed', () => {
  test.each(['20.19.0', '20.20.2', '22.0.0', '24.1.0'])('accepts Node %s', (version) => {
    expect(() => assertNodeVersion(version)).not.toThrow();
  });

  test.each(['18.20.0', '20.18.3'])('refuses Node %s', (version) => {
    expect(() => assertNodeVersion(version)).toThrow(/needs Node 20.19 or later/);
  });

  test('installs packages when one is missing or another version, but not for a binary of another platform', () => {
    const locked = {
      '': {},
      'node_modules/a': { version: '1.0.0' },
      'node_modules/mac': { version: '1.0.0', optional: true },
      'shared/x': { version: '0.1.0' },
    };
    expect(isInstalled(locked, { 'node_modules/a': { version: '1.0.0' } })).toBe(true);
    expect(isInstalled(locked, { 'node_modules/a': { version: '1.0.1' } })).toBe(false);
    expect(isInstalled(locked, {})).toBe(false);
  });

  test('serves on PORT, 8000 unless told', () => {
    expect(portFrom({})).toBe(8000);
    expect(portFrom({ PORT: '9000' })).toBe(9000);
    expect(() => portFrom({ PORT: '80a' })).toThrow('PORT=80a is not a port');
  });

  test('says which port is taken, and how to take another', async () => {
    const server = createServer().listen(0);
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    await expect(assertPortFree(address.port)).rejects.toThrow(`Port ${address.port} is in use by another program`);
    server.close();
    await once(server, 'close');
    await expect(assertPortFree(address.port)).resolves.toBeUndefined();
  });
});
