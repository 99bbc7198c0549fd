import { fillWallets, orderAll, wrongSums } from '../orders.js';
import type { Ordered } from '../payers-process.js';
import { startChild } from '../processes.js';
import { createRig, settled } from '../rig.js';
import { openStalls } from '../stalls.js';
import { median, percentile, type Row } from '../table.js';

const stock = 1_000_000;

/** An item whose stock is counted is one document that each order of it writes: many at once should do about as well as one after the other. */
export const hotItem: Row = async ({ rounds, short, log }) => {
  const [customers, seconds] = short ? [64, 1] : [320, 10];
  const rig = await createRig();
  const api = await rig.start('api');
  await rig.start('event-relay');
  await rig.start('notification-worker');
  const payers = [1, 2].map((number) => startChild({ name: `payers-${number}`, file: './payers-process.js' }));
  const [stall] = await openStalls(rig, api, 1);
  const people = await rig.people(customers);
  await fillWallets(rig, people);
  const { merchant, item } = stall!;
  const items = rig.mongo.db.collection<{ _id: string; stock: number }>('items');
  await items.updateOne({ _id: item.id }, { $set: { stock } });

  const orders = { url: api.url, vendorId: merchant.id, itemId: item.id, seconds };
  const all: Ordered[] = [];
  const rate = { alone: [] as number[], abreast: [] as number[] };
  const p99: number[] = [];
  const order = async (abreast: number): Promise<Ordered> => {
    await settled(rig);
    const result = await orderAll(abreast === 1 ? payers.slice(1) : payers, people, { ...orders, abreast });
    all.push(result);
    return result;
  };
  // Until the code is compiled and the pools are filled.
  await order(8);
  for (let round = 0; round < rounds; round++) {
    const alone = await order(1);
    const abreast = await order(32);
    rate.alone.push(alone.paid / alone.seconds);
    rate.abreast.push(abreast.paid / abreast.seconds);
    p99.push(percentile(abreast.milliseconds, 0.99));
    log(`hot item: ${rate.alone.at(-1)!.toFixed(0)}/s one after the other, ${rate.abreast.at(-1)!.toFixed(0)}/s at 32 at a time`);
  }
  const sum = (field: 'paid' | 'putOff' | 'cutOff'): number => all.reduce((total, one) => total + one[field], 0);
  const refused = all.flatMap((one) => one.refused);
  for (const reason of new Set(refused)) log(`refused: ${reason}`);
  await settled(rig);
  const left = (await items.findOne({ _id: item.id }))?.stock ?? 0;
  const losses = refused.length + Math.abs(stock - left - sum('paid')) + (await wrongSums(rig, merchant.id, sum('paid')));
  for (const child of payers) await child.stop();
  await rig.stop();

  const [alone, abreast] = [median(rate.alone), median(rate.abreast)];
  return {
    lines: [
      {
        what: 'orders/s of one counted item, 32 at a time',
        tidings: `${abreast.toFixed(0)}/s, p99 ${median(p99).toFixed(0)} ms (one after the other ${alone.toFixed(0)}/s)`,
        aim: 'none put off, ≥ 0.8 of one after the other',
        met: sum('putOff') === 0 && abreast >= 0.8 * alone,
      },
    ],
    notes: [
      `hot item: ${sum('paid')} orders paid, ${sum('putOff')} put off by a 503 and ${sum('cutOff')} cut off; ${left} pieces left of ${stock}`,
    ],
    losses,
  };
};
