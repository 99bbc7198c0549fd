import { Problem, type PointsSource } from '@tidings/contracts';
import type { Questions, Tx } from '@tidings/feed';
import { newId } from '@tidings/platform';
import type { Ledger } from '../wallet/index.js';
import type { Cards } from './cards.js';
import { tierOf, withoutCapped } from './earning.js';
import type { Interactions } from './interactions.js';
import { watchLots } from './lot-jobs.js';
import { addLots, endOfPoints, sumOf, takeLots } from './lots.js';
import type { CardDocument, Lot, LoyaltyModels, PointsDocument, PointsFacts, ProgramDocument } from './loyalty.model.js';
import { presentPoints } from './loyalty.presenter.js';
import type { Place } from './places.js';
import { pointsOf, programAccount } from './points-books.js';

export const pointsDeadlineJobKind = 'points-deadline';

/** How long a change waits for the customer; after that it is denied. */
export const answerMs = 30 * 86_400_000;

/** So many wait on one card at most: whoever leaves denies all of them in one transaction, which must have an end. */
export const mostWaiting = 100;

export const answerableUntil = ({ createdAt }: PointsDocument): Date => new Date(createdAt.getTime() + answerMs);

export interface PointsChange {
  /** Not zero. */
  delta: number;
  reason: string;
  source: PointsSource;
  orderId?: string;
  terms?: NonNullable<PointsDocument['terms']>;
  scanId?: string;
  redemptionId?: string;
  reversalOf?: string;
  /** Lots to take from before others, or to put back. */
  lots?: readonly Lot[];
  /** What else changes on the card with it: the visit, what was earned today. */
  card?: Partial<CardDocument>;
}

export interface Moved {
  entry: PointsDocument;
  card: CardDocument;
}

export interface Points {
  /**
   * Moves the points, now, and before them those that are void. Emits `points-updated`, `card-updated` and the customer's line.
   * @throws Problem `insufficient-points` when a deduction is more than the card has, `program-closed` for a closed card
   */
  post(tx: Tx, place: Place, change: PointsChange): Promise<Moved>;
  /** Notes a change that waits for the customer, and tells; nothing moves. @throws Problem as `post`, `already-exists` when too many wait */
  propose(tx: Tx, place: Place, change: PointsChange): Promise<Moved>;
  /** Whether it may move or wait: not when it would wait behind too many others. */
  fits(tx: Tx, place: Place, delta: number): Promise<boolean>;
  /** `post` or `propose`, as the program's `approval` says. */
  byBusiness(tx: Tx, place: Place, change: PointsChange): Promise<Moved>;
  /** Moves what was proposed. @throws Problem as `post`, `invalid-transition` */
  settle(tx: Tx, place: Place, entry: PointsDocument): Promise<Moved>;
  /** Writes another status of an entry and tells. @throws Problem `invalid-transition` when it is not in `from` */
  mark(
    tx: Tx,
    card: CardDocument,
    entry: PointsDocument,
    from: PointsDocument['status'],
    to: PointsDocument['status'],
  ): Promise<PointsDocument>;
  /**
   * Ends what was proposed; nothing moves, and an award by rule counts no more for the cap of its day. @param how `decline`: by the customer, `expire`: by the clock, `withdraw`: because the customer leaves or what earned it was given back
   * @throws Problem `invalid-transition`
   */
  deny(tx: Tx, place: Place, entry: PointsDocument, how: 'decline' | 'expire' | 'withdraw'): Promise<Moved>;
  /** Writes a change down that has moved by itself, and tells. */
  record(tx: Tx, card: CardDocument, change: PointsChange): Promise<PointsDocument>;
  /** Takes what has reached its end: the clock decides, not the job that looks after it. */
  voidDue(tx: Tx, place: Place): Promise<Place>;
}

export function createPoints(parts: {
  models: LoyaltyModels;
  ledger: Ledger<PointsFacts>;
  cards: Cards;
  interactions: Interactions;
  questions: Questions;
}): Points {
  const { models, ledger, cards, interactions, questions } = parts;
  const { points } = models;

  const entryOf = (tx: Tx, card: CardDocument, change: PointsChange): PointsDocument => {
    const { lots: _, card: _card, ...facts } = change;
    const { _id: cardId, userId, merchantId, merchantName, programId, programName } = card;
    const whose = { cardId, userId, merchantId, merchantName, programId, programName };
    const stamps = { version: 1, createdAt: tx.now, updatedAt: tx.now };
    const quiet = card.status === 'closed' ? ({ quiet: true } as const) : {};
    return { ...facts, ...whose, ...stamps, ...quiet, _id: newId(), status: 'posted', lots: [], by: tx.actor };
  };

  /** The ledger first: what it refuses changes nothing. */
  const move = async (
    tx: Tx,
    place: Place,
    entry: PointsDocument,
    change: Pick<PointsChange, 'lots' | 'card'>,
  ): Promise<{ card: CardDocument; lots: Lot[] }> => {
    const { program, card, timeZone } = place;
    const { delta, source } = entry;
    assertCovered(card, entry);
    await ledger.post(tx, {
      key: `points:${entry._id}`,
      type: source,
      description: entry.reason,
      cardId: card._id,
      pointsId: entry._id,
      legs: [
        { account: pointsOf(card.userId, card.programId), amount: delta },
        { account: programAccount(card.programId), amount: -delta },
      ],
    });
    const lifetime = card.lifetime + earnedBy(entry);
    const { left, lots } =
      delta < 0 ? spent(card, -delta, change.lots) : gained(card, change.lots ?? newLots(program, tx.now, delta, timeZone));
    const changed = await cards.change(tx, card, {
      ...change.card,
      balance: card.balance + delta,
      lifetime,
      tier: tierOf(program.tiers, lifetime),
      lots: left,
    });
    if (delta > 0) await watchLots(tx, place, lots, change.lots && entry._id);
    return { card: changed, lots };
  };

  const announce = (tx: Tx, { balance, status, version }: CardDocument, entry: PointsDocument): void => {
    const { _id: pointsId, cardId, userId, merchantId, merchantName: businessName, delta, reason } = entry;
    const shown = presentPoints(entry);
    tx.emit(
      'points-updated',
      {
        pointsId,
        cardId,
        userId,
        businessId: merchantId,
        businessName,
        delta,
        balance,
        reason,
        status: entry.status,
        points: shown,
        version,
      },
      { userId, merchantId, quiet: status === 'closed' },
    );
  };

  const note = async (tx: Tx, entry: PointsDocument): Promise<void> => {
    const { _id: subjectId, merchantId, userId, programId, delta, source, status } = entry;
    const quiet = entry.quiet ? ({ quiet: true } as const) : {};
    await interactions.note(tx, { merchantId, userId, programId, subjectId, delta, source, kind: `points-${status}`, ...quiet });
  };

  const write = async (tx: Tx, card: CardDocument, entry: PointsDocument): Promise<void> => {
    await points.insertMany([entry], { session: tx.session });
    announce(tx, card, entry);
    await note(tx, entry);
  };

  const post: Points['post'] = async (tx, place, change) => {
    const current = change.source === 'expiry' ? place : await voidDue(tx, place);
    const entry = entryOf(tx, place.card, change);
    const { card, lots } = await move(tx, current, entry, change);
    const posted: PointsDocument = { ...entry, balance: card.balance, lots };
    await write(tx, card, posted);
    return { entry: posted, card };
  };

  const voidDue: Points['voidDue'] = async (tx, place) => {
    const lots = place.card.lots.filter(({ expiresAt }) => expiresAt <= tx.now);
    if (lots.length === 0) return place;
    const { card } = await post(tx, place, { delta: -sumOf(lots), reason: 'Expired', source: 'expiry', lots });
    return { ...place, card };
  };

  const hasRoom = async ({ session }: Tx, { _id: cardId }: CardDocument): Promise<boolean> =>
    (await points.countDocuments({ cardId, status: 'pending' }).session(session)) < mostWaiting;

  const propose: Points['propose'] = async (tx, place, change) => {
    const entry: PointsDocument = { ...entryOf(tx, place.card, change), status: 'pending' };
    assertCovered(place.card, entry);
    if (!(await hasRoom(tx, place.card)))
      throw new Problem('already-exists', `${mostWaiting} changes wait for the customer’s word already`);
    await models.cards.updateOne({ _id: entry.cardId }, { $inc: { proposals: 1 } }, { session: tx.session });
    await write(tx, place.card, entry);
    const { _id } = entry;
    await tx.job({
      kind: pointsDeadlineJobKind,
      key: `${pointsDeadlineJobKind}:${_id}`,
      data: { pointsId: _id },
      dueAt: answerableUntil(entry),
    });
    return { entry, card: change.card ? await cards.change(tx, place.card, change.card) : place.card };
  };

  const rewrite = async (
    tx: Tx,
    entry: PointsDocument,
    from: PointsDocument['status'],
    fields: Partial<PointsDocument>,
  ): Promise<PointsDocument> => {
    const changed = await points
      .findOneAndUpdate(
        { _id: entry._id, status: from },
        { $set: { ...fields, updatedAt: tx.now }, $inc: { version: 1 } },
        { session: tx.session, returnDocument: 'after' },
      )
      .lean<PointsDocument>();
    if (!changed) throw new Problem('invalid-transition', `The change is ${entry.status}`);
    await note(tx, changed);
    return changed;
  };

  const mark: Points['mark'] = async (tx, card, entry, from, to) => {
    const marked = await rewrite(tx, entry, from, { status: to });
    announce(tx, card, marked);
    return marked;
  };

  return {
    post,
    propose,

    fits: async (tx, { program, card }, delta) => !waits(program, delta) || hasRoom(tx, card),

    byBusiness: (tx, place, change) => (waits(place.program, change.delta) ? propose : post)(tx, place, change),

    async settle(tx, place, entry) {
      const moved = await move(tx, await voidDue(tx, place), entry, {});
      const posted = await rewrite(tx, entry, 'pending', { status: 'posted', balance: moved.card.balance, lots: moved.lots });
      announce(tx, moved.card, posted);
      await questions.answer(tx, questionOf(entry), 'accept');
      return { entry: posted, card: moved.card };
    },

    mark,

    async deny(tx, { card, timeZone }, entry, how) {
      const denied = await mark(tx, card, entry, 'pending', 'denied');
      await questions.answer(tx, questionOf(entry), how);
      const { earned } = withoutCapped(card, entry, entry.delta, timeZone);
      return { entry: denied, card: earned ? await cards.change(tx, card, { earned }) : card };
    },

    async record(tx, card, change) {
      const entry = { ...entryOf(tx, card, change), balance: card.balance, lots: [...(change.lots ?? [])] };
      await write(tx, card, entry);
      return entry;
    },

    voidDue,
  };
}

/** As the notification calls it that asks. */
const questionOf = ({ _id }: PointsDocument): string => `points:${_id}`;

function waits({ approval: { mode, above } }: ProgramDocument, delta: number): boolean {
  return Math.abs(delta) > above && (mode === 'all' || (mode === 'deductions' && delta < 0));
}

function assertCovered({ status, balance }: CardDocument, { delta, source, by }: PointsDocument): void {
  // What the system takes goes on when the customer has left: what is void is void, and what goes back of a price takes its points along.
  const isTaken = source === 'expiry' || (source === 'reversal' && by === null && delta < 0);
  if (status !== 'active' && !isTaken) throw new Problem('program-closed', 'The card is closed');
  if (balance + delta < 0) throw new Problem('insufficient-points', `The card has ${balance} points`);
}

/** Of the points that a tier counts: awards, less those that were taken back; spending and its return count nothing. */
function earnedBy({ delta, source }: PointsDocument): number {
  return source === 'reversal' ? Math.min(0, delta) : Math.max(0, delta);
}

function spent({ lots }: CardDocument, points: number, first: readonly Lot[] = []): { left: Lot[]; lots: Lot[] } {
  const { left, taken } = takeLots(lots, points, first);
  return { left, lots: taken };
}

function gained({ lots }: CardDocument, added: readonly Lot[]): { left: Lot[]; lots: Lot[] } {
  return { left: addLots(lots, added), lots: [...added] };
}

function newLots({ expiry }: ProgramDocument, now: Date, points: number, timeZone: string): Lot[] {
  return expiry ? [{ expiresAt: endOfPoints(now, expiry.days, timeZone), points }] : [];
}
