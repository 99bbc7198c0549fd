import { startClients } from '../clients.js';
import { startPeer } from '../peer.js';
import { createRig, metric } from '../rig.js';
import { waitFor } from '@tidings/testing';
import { lossesOf, median, type Row } from '../table.js';

const behind = 20;
const seen = 5;

/**
 * Everybody comes back at once to a gateway that has just started (theirs has died), each some events behind, until the last one has
 * everything. Beside it the peer, whose clients only connect again: what they missed is lost.
 */
export const comeBack: Row = async ({ rounds, short, log }) => {
  const count = short ? 50 : 2_000;
  const rig = await createRig();
  const relay = await rig.start('event-relay');
  const people = await rig.people(count);
  for (let at = 0; at < seen + behind; at++) await rig.commit(people.map(({ id }) => [`user:${id}`]));
  await waitFor('the feeds to be filled', async () => (await metric(relay, 'relay_events_total')) >= count * (seen + behind), 120_000);

  const ours: { seconds: number; cpu: number }[] = [];
  const theirs: { seconds: number; cpu: number }[] = [];
  let losses = 0;
  for (let round = 0; round < rounds; round++) {
    const gateway = await rig.start('socket-gateway');
    const clients = startClients(2, 'tidings');
    await clients.reset();
    let start = performance.now();
    let before = gateway.cpu();
    await clients.connect(
      gateway.port,
      people.map(({ id, token }) => ({ token, cursors: { [`user:${id}`]: seen } })),
      count,
    );
    const tally = await clients.wait(count * behind, 60_000);
    ours.push({ seconds: (performance.now() - start) / 1_000, cpu: gateway.cpu() - before });
    losses += lossesOf(tally, count * behind);
    await clients.stop();
    await gateway.stop();

    const peer = await startPeer('peer');
    const others = startClients(2, 'peer');
    await others.reset();
    start = performance.now();
    before = peer.cpu();
    await others.connect(
      peer.port,
      people.map(({ id }) => ({ rooms: [`user:${id}`] })),
      count,
    );
    theirs.push({ seconds: (performance.now() - start) / 1_000, cpu: peer.cpu() - before });
    await others.stop();
    await peer.stop();
    log(`come back: ${ours.at(-1)!.seconds.toFixed(2)} s, peer ${theirs.at(-1)!.seconds.toFixed(2)} s`);
  }
  await rig.stop();
  const seconds = median(ours.map((one) => one.seconds));
  return {
    lines: [
      {
        what: `${count.toLocaleString('en')} clients come back at once, ${behind} events behind`,
        tidings: `${seconds.toFixed(2)} s, all recovered in order`,
        peer: `${median(theirs.map((one) => one.seconds)).toFixed(2)} s, nothing recovered`,
        aim: '≤ 4 s',
        met: seconds <= 4 && losses === 0,
      },
    ],
    notes: [
      `come back: the gateway used ${median(ours.map(({ cpu }) => (cpu / count) * 1e3)).toFixed(2)} ms of CPU per client, ` +
        `the peer ${median(theirs.map(({ cpu }) => (cpu / count) * 1e3)).toFixed(2)} ms`,
    ],
    losses,
  };
};
