import { collections } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';
import type { ResumeToken } from './change-reader.js';

/** How far the relay has come: everything before the token is numbered and published. */
export interface RelayPosition {
  token?: ResumeToken;
  /** Everything emitted before it has been relayed, give or take two minutes (clocks, long transactions). */
  watermark?: Date;
  /** Counts the batches; Redis holds the same number, which tells a Redis that lost its memory. */
  batch: number;
}

interface RelayState extends RelayPosition {
  _id: string;
  term: number;
}

/** Thrown when a later leader has written: this one has lost its lease without knowing. */
export class TermOver extends Error {
  constructor(term: number) {
    super(`Term ${term} is over`);
    this.name = 'TermOver';
  }
}

export function createRelayStateStore(mongo: Mongo) {
  const states = mongo.db.collection<RelayState>(collections.relayState, { readConcern: { level: 'majority' } });
  return {
    /** Marks the beginning of a term and reads where the last one ended. */
    async begin(term: number): Promise<RelayPosition> {
      await states.updateOne({ _id: 'relay' }, { $setOnInsert: { term: 0, batch: 0 } }, { upsert: true });
      const state = await states.findOneAndUpdate({ _id: 'relay', term: { $lt: term } }, { $set: { term } }, { returnDocument: 'after' });
      if (!state) throw new TermOver(term);
      return state;
    },
    /** @throws TermOver when a later term has begun: nothing is written then */
    async save(term: number, position: RelayPosition): Promise<void> {
      const { matchedCount } = await states.updateOne({ _id: 'relay', term }, { $set: position }, { writeConcern: { w: 'majority' } });
      if (matchedCount === 0) throw new TermOver(term);
    },
  };
}
