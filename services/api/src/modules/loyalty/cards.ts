import { isAdmin, Problem, type Principal } from '@tidings/contracts';
import { auditRead, type Tx } from '@tidings/feed';
import { newId, type Mongo } from '@tidings/platform';
import { newestFirst, olderThan, pageByTime, type Paged } from '../../http/lists.js';
import { announceCustomer, type CustomerBook } from './customers.js';
import { tierOf } from './earning.js';
import type { CardDocument, LoyaltyModels, ProgramDocument } from './loyalty.model.js';
import { presentCard } from './loyalty.presenter.js';

export interface Cards {
  /** A card for somebody who has joined; one that was closed is opened again, with its points. Tells both sides. */
  open(tx: Tx, program: ProgramDocument, customer: { userId: string; name: string }): Promise<CardDocument>;
  /** Nothing moves on it any more. Tells both sides; it is the last that the business hears of it. */
  close(tx: Tx, userId: string, programId: string): Promise<void>;
  /**
   * Writes a change of the newest version and tells of it.
   * @throws Problem `version-mismatch` when it is not the newest: of two at once, one conflicts and runs again
   */
  change(tx: Tx, card: CardDocument, fields: Partial<CardDocument>): Promise<CardDocument>;
  /** The user's card in a program; null when there is none. */
  of(userId: string, programId: string, tx?: Tx): Promise<CardDocument | null>;
  /** The user's cards at a merchant, oldest first. */
  at(userId: string, merchantId: string, tx?: Tx): Promise<CardDocument[]>;
  /** For its customer and members of the merchant; an administrator's look is audited. @throws Problem `not-found`, also for other people's */
  get(caller: Principal, id: string, tx?: Tx): Promise<CardDocument>;
  /** The caller's own, newest first. */
  list(
    userId: string,
    query: { limit: number; cursor?: string | undefined; businessId?: string | undefined },
  ): Promise<Paged<CardDocument>>;
}

export function createCards({ mongo, models, book }: { mongo: Mongo; models: LoyaltyModels; book: CustomerBook }): Cards {
  const { cards } = models;
  const sessionOf = (tx?: Tx) => ({ session: tx?.session ?? null });

  const of: Cards['of'] = (userId, programId, tx) => cards.findOne({ userId, programId }, null, sessionOf(tx)).lean<CardDocument>();

  const follow = async (tx: Tx, before: CardDocument | null, after: CardDocument): Promise<void> => {
    // A customer who has left is none of the business's any more, whatever becomes of the points.
    const quiet = before?.status === 'closed' && after.status === 'closed';
    announceCard(tx, after, quiet);
    // Nor has its line anything of it, else it would change behind what it was told.
    if (!quiet) announceCustomer(tx, await book.follow(tx, before, after));
  };

  const change: Cards['change'] = async (tx, card, fields) => {
    const changed = await cards
      .findOneAndUpdate(
        { _id: card._id, version: card.version },
        { $set: { ...fields, updatedAt: tx.now }, $inc: { version: 1 } },
        { session: tx.session, returnDocument: 'after' },
      )
      .lean<CardDocument>();
    if (!changed) throw new Problem('version-mismatch', undefined, { current: presentCard(card) });
    await follow(tx, card, changed);
    return changed;
  };

  return {
    of,
    change,

    async open(tx, program, { userId, name }) {
      const known = await of(userId, program._id, tx);
      if (known) return known.status === 'active' ? known : change(tx, known, { status: 'active', customerName: name, openedAt: tx.now });
      const card: CardDocument = {
        _id: newId(),
        userId,
        customerName: name,
        merchantId: program.merchantId,
        merchantName: program.merchantName,
        programId: program._id,
        programName: program.name,
        status: 'active',
        balance: 0,
        held: 0,
        lifetime: 0,
        tier: tierOf(program.tiers, 0),
        visits: 0,
        lastVisitAt: null,
        lots: [],
        earned: { date: '0000-00-00', points: 0 },
        proposals: 0,
        version: 1,
        createdAt: tx.now,
        updatedAt: tx.now,
      };
      await cards.insertMany([card], { session: tx.session });
      await follow(tx, null, card);
      return card;
    },

    async close(tx, userId, programId) {
      const card = await of(userId, programId, tx);
      if (card?.status === 'active') await change(tx, card, { status: 'closed', toldLifetime: card.lifetime });
    },

    async at(userId, merchantId, tx) {
      return cards.find({ userId, merchantId }, null, sessionOf(tx)).sort({ createdAt: 1, _id: 1 }).limit(100).lean<CardDocument[]>();
    },

    async get(caller, id, tx) {
      const card = await cards.findById(id, null, sessionOf(tx)).lean<CardDocument>();
      const isParty = card && maySee(caller, card);
      if (!card || !(isParty || isAdmin(caller.roles))) throw new Problem('not-found', 'There is no such card');
      // What a transaction does with it writes its own entry.
      if (!isParty && !tx) await auditRead(mongo, caller, { action: 'card.look', target: `card:${id}`, details: { userId: card.userId } });
      return card;
    },

    async list(userId, { limit, cursor, businessId }) {
      const found = await cards
        .find({ userId, ...(businessId === undefined ? {} : { merchantId: businessId }), ...olderThan(cursor) })
        .sort(newestFirst)
        .limit(limit + 1)
        .lean<CardDocument[]>();
      return pageByTime(found, limit);
    },
  };
}

/** A closed card is its customer's alone: the business keeps no view of somebody who has left. */
function maySee({ userId, merchants }: Principal, card: CardDocument): boolean {
  return userId === card.userId || (card.status === 'active' && merchants.includes(card.merchantId));
}

function announceCard(tx: Tx, card: CardDocument, quiet: boolean): void {
  const { _id: cardId, userId, merchantId, programId, balance, tier, version } = card;
  tx.emit(
    'card-updated',
    { cardId, userId, businessId: merchantId, programId, balance, tier, card: presentCard(card), version },
    { userId, merchantId, quiet },
  );
}
