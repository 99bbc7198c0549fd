import { setTimeout as pause } from 'node:timers/promises';
import { cpuOf } from '../processes.js';
import { createRig, metric, type Rig } from '../rig.js';
import { waitFor } from '@tidings/testing';
import { median, type Line, type Row } from '../table.js';

const users = 5_000;
const merchants = 200;
const perInsert = 2_000;

/** A filled outbox, two feeds for each event: how many events a second one relay takes through the whole of its work. */
export const relay: Row = async ({ rounds, short, log }) => {
  const total = short ? 2_000 : 100_000;
  const variants = [
    { what: 'which all notify', notifies: true, aim: 5_000 },
    { what: 'which notify nobody', notifies: false, aim: 8_000 },
  ];
  const results = variants.map(() => [] as Measured[]);
  let losses = 0;
  for (let round = 0; round < rounds; round++) {
    for (const [index, { what, notifies }] of variants.entries()) {
      const measured = await measure(total, notifies);
      results[index]!.push(measured);
      losses += measured.losses;
      log(`relay ${what}: ${measured.perSecond.toFixed(0)} events/s, ${measured.micros.toFixed(0)} µs`);
    }
  }
  return {
    lines: variants.map(({ what, aim }, index): Line => {
      const perSecond = median(results[index]!.map((one) => one.perSecond));
      const micros = median(results[index]!.map((one) => one.micros));
      return {
        what: `relay, ${total.toLocaleString('en')} events of two feeds, ${what}`,
        tidings: `${perSecond.toFixed(0)} events/s, ${micros.toFixed(0)} µs CPU each`,
        aim: `≥ ${aim.toLocaleString('en')} events/s`,
        met: perSecond >= aim,
      };
    }),
    notes: [],
    losses,
  };
};

interface Measured {
  perSecond: number;
  /** CPU of the relay's process per event. */
  micros: number;
  losses: number;
}

async function measure(total: number, notifies: boolean): Promise<Measured> {
  const rig = await createRig();
  try {
    // A relay that has run before notes where it stands, and the one that is measured goes on from there by the change stream.
    const first = await rig.start('event-relay');
    await waitFor('the resume token', async () => (await rig.mongo.db.collection('relay_state').findOne({}))?.['token']);
    await first.stop();
    for (let from = 0; from < total; from += perInsert) {
      await rig.commit(
        Array.from({ length: Math.min(perInsert, total - from) }, (_, index) => [
          `user:u${(from + index) % users}`,
          `merchant:m${(from + index) % merchants}`,
        ]),
        { notifies },
      );
    }
    const service = await rig.start('event-relay');
    const done = (): Promise<number> => metric(service, 'relay_events_total');
    // From the first batch on: starting the process and taking the lease are another matter.
    const already = await waitFor('the first batch', done);
    const start = performance.now();
    const [cpu = 0] = await cpuOf([service], async () => {
      // Not often: answering takes some of what is measured.
      while ((await done()) < total) await pause(100);
    });
    const seconds = (performance.now() - start) / 1_000;
    const count = total - already;
    return { perSecond: count / seconds, micros: (cpu / count) * 1e6, losses: await lossesIn(rig, total, notifies) };
  } finally {
    await rig.stop();
  }
}

/** Entries that are missing, and feeds whose numbers have a gap. */
async function lossesIn({ mongo }: Rig, total: number, notifies: boolean): Promise<number> {
  const entries = mongo.db.collection('feed_entries');
  const gaps = await entries
    .aggregate([
      { $group: { _id: '$_id.feed', count: { $sum: 1 }, highest: { $max: '$_id.seq' } } },
      { $match: { $expr: { $ne: ['$count', '$highest'] } } },
    ])
    .toArray();
  const pending = await mongo.db.collection('outbox').countDocuments({ pending: true });
  return Math.abs(total * 2 - (await entries.countDocuments())) + gaps.length + Math.abs(pending - (notifies ? total : 0));
}
