import type { Mongo } from '@tidings/platform';

/**
 * How far one connection was sent one feed, in `delivery_notes`. Gateways write them every few seconds and when a connection ends: bookkeeping
 * for the timeline, best effort, and nothing depends on them. What was sent has left the gateway; whether somebody saw it, nobody knows.
 */
export interface DeliveryNote {
  /** `{connection}:{feed}:{from}`. */
  _id: string;
  connection: string;
  gateway: string;
  userId: string;
  sessionId: string;
  feed: string;
  /** Entries behind this `seq` were sent, up to `to`. */
  from: number;
  to: number;
  /** When `to` was sent. */
  at: Date;
  /** The last of these moments, oldest first: an older entry was sent by the first that is not before it. */
  marks: { to: number; at: Date }[];
  connectedAt: Date;
  /** Null while it is connected; it stays so when its gateway was killed. */
  disconnectedAt: Date | null;
  expiresAt: Date;
}

export const deliveryNotesCollection = 'delivery_notes';

/** The gateways and the API call it at start; creating an index that exists does nothing. */
export async function ensureDeliveryNoteIndexes({ db }: Mongo): Promise<void> {
  await db.collection(deliveryNotesCollection).createIndexes([
    { key: { feed: 1, to: 1 }, name: 'reached' },
    { key: { expiresAt: 1 }, name: 'expiry', expireAfterSeconds: 0 },
  ]);
}
