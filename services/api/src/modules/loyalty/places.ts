import type { Tx } from '@tidings/feed';
import { mayTrade, type Merchants } from '../merchants/index.js';
import type { CardDocument, ProgramDocument } from './loyalty.model.js';
import type { Programs } from './programs.service.js';

/** Where a card's points are moved: the card, its program, and the clock of the merchant. */
export interface Place {
  program: ProgramDocument;
  card: CardDocument;
  /** IANA, of the merchant: points end with a day there. */
  timeZone: string;
}

export interface Places {
  /**
   * `isOpen`: the merchant does business. One that was deleted does none, and its customers' points go on to expire.
   * `mayGive`: and its subscription allows something new, as for a scan: points by hand or for an order, a wish for a reward.
   */
  of(tx: Tx, card: CardDocument): Promise<Place & { isOpen: boolean; mayGive: boolean }>;
}

export function createPlaces({ programs, merchants }: { programs: Programs; merchants: Merchants }): Places {
  return {
    async of(tx, card) {
      const program = await programs.find(card.programId, tx);
      if (!program) throw new Error(`The program ${card.programId} of the card ${card._id} is gone`);
      const merchant = await merchants.find(card.merchantId, tx);
      const standing = { isOpen: merchant?.isActive ?? false, mayGive: merchant !== null && mayTrade(merchant) };
      return { program, card, timeZone: merchant?.timeZone ?? 'UTC', ...standing };
    },
  };
}
