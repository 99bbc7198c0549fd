export interface GatewayTuning {
  /** What may wait in this process for a client whose network does not take it; past it the client is disconnected. */
  maxBufferedBytes: number;
  /** Entries that are replayed to a client that comes back; past it the client gets `feed-reset`. */
  maxReplay: number;
  /** How long entries are still delivered after the access token has expired; commands are refused at once. */
  tokenGraceMs: number;
  /** Over how long clients are sent away at shutdown. */
  drainMs: number;
  sweepMs: number;
  lingerMs: number;
  gapMs: number;
  /** How often it is noted how far clients were sent their feeds. */
  notesMs: number;
  /** How often a stream hears something, however quiet its feeds are. */
  beatMs: number;
  /** How often the gateway says who is connected. */
  countsMs: number;
  /** How long somebody has a plan open without saying so again. */
  editingMs: number;
}

export const defaultTuning: GatewayTuning = {
  maxBufferedBytes: 1024 * 1024,
  maxReplay: 10_000,
  tokenGraceMs: 300_000,
  drainMs: 3_000,
  sweepMs: 3_000,
  lingerMs: 30_000,
  gapMs: 20,
  notesMs: 5_000,
  beatMs: 15_000,
  countsMs: 3_000,
  editingMs: 30_000,
};
