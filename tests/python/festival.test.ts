import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createCustomer, createStall, createWorld, type World } from '@tidings/testing';
import { providePython } from '../../tools/servers/index.mjs';

let world: World;
let python: { python: string; packages: string };

beforeAll(async () => {
  python = await providePython({ requirements: join(__dirname, 'requirements.txt'), log: (line) => process.stdout.write(`${line}\n`) });
  world = await createWorld();
}, 240_000);

afterAll(async () => {
  await world?.stop();
});

test('a client in Python goes through the socket events of the festival', async () => {
  const stall = await createStall(world);
  const balance = 50_000;
  const customer = await createCustomer(world, balance);
  await world.settled();

  const codeAt = async (path: string): Promise<string> => (await customer.http.get<{ code: string }>(`${path}?format=json`)).body.code;
  const [code, ...codes] = [await codeAt(`/api/merchants/${stall.merchant.id}/qr`), await codeAt('/api/me/qr'), await codeAt('/api/me/qr')];

  const client = spawn(python.python, ['-u', join(__dirname, 'festival.py')], {
    env: {
      PATH: process.env['PATH'],
      PYTHONPATH: python.packages,
      PYTHONDONTWRITEBYTECODE: '1',
      FESTIVAL: JSON.stringify({
        url: world.gatewayUrls[0],
        customer: { id: customer.id, token: customer.token },
        vendor: { id: stall.owner.id, token: stall.owner.token },
        stall: { merchantId: stall.merchant.id, item: stall.item.name, price: stall.item.price, itemId: stall.item.id, code },
        codes,
        balance,
      }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [client.stdout, client.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [exit] = (await once(client, 'close')) as [number | null];
  expect({ exit, output: exit === 0 ? '' : output }).toEqual({ exit: 0, output: '' });
  expect(output.match(/^ok .*/gm)).toHaveLength(11);
}, 120_000);
