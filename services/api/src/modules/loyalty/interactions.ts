import type { InteractionKind, PointsSource } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { newId } from '@tidings/platform';
import type { LoyaltyModels } from './loyalty.model.js';

export interface NewInteraction {
  merchantId: string;
  userId: string;
  kind: InteractionKind;
  programId?: string;
  /** Of the scan, enrollment, points or redemption. */
  subjectId?: string;
  delta?: number;
  source?: PointsSource;
  isFirst?: true;
  /** Of a request that a scan made, and of its approval: when that was. */
  scannedAt?: Date;
  /** It happened when the customer had left: it is in the figures, not in what the business reads of the customer. */
  quiet?: true;
}

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
