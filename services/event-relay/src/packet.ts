import type { OutboxEvent } from '@tidings/feed';

/**
 * Encodes an event's packets: the payload once for each set of fields to leave out, and per feed only its `meta`. Feed names and ids hold
 * no character that JSON would escape.
 */
export function packetEncoder(event: OutboxEvent): (feed: string, seq: number, omit: readonly string[]) => string {
  const bodies = new Map<string, string>();
  const at = event.at.toISOString();
  return (feed, seq, omit) => {
    const key = omit.join();
    let body = bodies.get(key);
    if (body === undefined) {
      const data =
        omit.length === 0 ? event.data : Object.fromEntries(Object.entries(event.data).filter(([field]) => !omit.includes(field)));
      const json = JSON.stringify(data);
      body = `["${event.type}",${json === '{}' ? '{' : `${json.slice(0, -1)},`}"meta":{"id":"${event._id}","feed":"`;
      bodies.set(key, body);
    }
    return `${body}${feed}","seq":${seq},"at":"${at}"}}]`;
  };
}
