import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';

/** Posts one Engine.IO payload to a polling session of its own, connected with the token, and tells the status. */
export async function postRaw(url: string, token: string, payload: string): Promise<number> {
  const base = `${url}/socket.io/?EIO=4&transport=polling`;
  const opened = await (await fetch(base)).text();
  const { sid } = JSON.parse(opened.slice(1)) as { sid: string };
  const session = `${base}&sid=${encodeURIComponent(sid)}`;
  await (await fetch(session, { method: 'POST', body: `40${JSON.stringify({ token })}` })).text();
  await (await fetch(session)).text();
  // Asked before, as real clients do: the server says its last word in the answer, for which it would wait half a minute else.
  const left = fetch(session).then((response) => response.text());
  const answer = await fetch(session, { method: 'POST', body: payload });
  await answer.text();
  await (await fetch(session, { method: 'POST', body: '1' })).text();
  await left;
  return answer.status;
}

/** A websocket without any library: sends the bytes after the handshake, and resolves when the server has closed or answered. */
export async function sendFrames(url: string, token: string, frames: readonly Buffer[]): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => socket.destroy()); // the server may reset it: that is an answer too
  await once(socket, 'connect');
  const key = randomBytes(16).toString('base64');
  socket.write(
    `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  );
  await once(socket, 'data');
  socket.write(frame(`40${JSON.stringify({ token })}`));
  await once(socket, 'data');
  for (const bytes of frames) socket.write(bytes);
  // A question behind them: whoever is still there answers it.
  socket.write(frame('421["heartbeat",{}]'));
  await Promise.race([once(socket, 'data'), once(socket, 'close')]);
  socket.destroy();
}

/** A masked frame as clients send it; `first` is its first byte (final, text). */
export function frame(text: string | Buffer, first = 0x81): Buffer {
  const data = Buffer.from(text);
  const mask = randomBytes(4);
  const head =
    data.length < 126 ? Buffer.from([first, 0x80 | data.length]) : Buffer.from([first, 0xfe, data.length >> 8, data.length & 0xff]);
  return Buffer.concat([head, mask, data.map((byte, index) => byte ^ (mask[index % 4] ?? 0))]);
}
