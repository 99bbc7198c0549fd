import type { Tx } from '@tidings/feed';
import { newId } from '@tidings/platform';
import type { InteractionDocument } from './book.model.js';
import type { LoyaltyModels } from './loyalty.model.js';

/** What happened; by whom and when, the transaction says. */
export type NewInteraction = Omit<InteractionDocument, '_id' | 'by' | 'at' | 'pending'>;

export interface Interactions {
  /** Keeps what happened, in its transaction; the business's figures count it within a second. */
  note(tx: Tx, interaction: NewInteraction): Promise<void>;
}

export function createInteractions({ interactions }: Pick<LoyaltyModels, 'interactions'>): Interactions {
  return {
    async note(tx, interaction) {
      const { session, actor: by, now: at } = tx;
      await interactions.insertMany([{ ...interaction, _id: newId(), by, at, pending: true }], { session });
    },
  };
}
