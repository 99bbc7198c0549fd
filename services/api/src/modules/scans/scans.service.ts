import { badField, type Principal, Problem, type ScanInput } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { newId, type Mongo } from '@tidings/platform';
import type { CodeOf, Codes } from '../../codes/codes.js';
import type { UsedCodes } from '../../codes/used-codes.js';
import type { Paged } from '../../http/lists.js';
import { newestAt, readOrdered } from '../../http/ordered.js';
import type { EnrollmentDocument, EnrollmentModels, Enrollments } from '../enrollments/index.js';
import { createActiveUsers } from '../identity/index.js';
import type { CardDocument, LoyaltyModule, PointsDocument, ProgramDocument, Visit } from '../loyalty/index.js';
import { assertMayLook, assertTrading, isMember, type MerchantDocument, type Merchants } from '../merchants/index.js';
import type { ScanLimits } from './scan-limits.js';
import type { LastScanDocument, ScanDocument, ScanModels } from './scans.model.js';
import { heldBack } from './held-back.js';
import { presentScan } from './scans.presenter.js';
import type { Scanned } from './scanned.js';
import type { StaticCards } from './static-cards.js';

export interface Scans {
  /**
   * By a member of the merchant: asks who is not enrolled, counts the visit of who is, and gives points by the rules. What is refused leaves nothing
   * behind and tells the business nothing; past a limit the refusal is returned, so that the alert about it is kept.
   * @throws Problem `forbidden`, `bad-request` (which business), `not-found` (the program), `merchant-closed`, `program-closed`, `code-invalid`,
   *   `code-expired` (also a card that was renewed), `code-used`, `code-foreign` (also of nobody who is here), `own-code`, `enrollment-refused`,
   *   `already-exists` (too many points wait for the customer’s word)
   */
  scan(tx: Tx, caller: Principal, input: ScanInput): Promise<Scanned | Problem>;
  /** Newest first; an administrator's look is audited. @throws Problem `forbidden` */
  list(
    caller: Principal,
    merchantId: string,
    query: { limit: number; cursor?: string | undefined; userId?: string | undefined },
  ): Promise<Paged<ScanDocument>>;
}

/** Two scans of a customer by a business within this are one: a shaky hand, or a second cashier. */
export const repeatMs = 10_000;

export function createScans(parts: {
  mongo: Mongo;
  models: ScanModels;
  codes: Codes;
  usedCodes: UsedCodes;
  staticCards: StaticCards;
  limits: ScanLimits;
  merchants: Merchants;
  loyalty: Pick<LoyaltyModule, 'models' | 'programs' | 'cards' | 'interactions' | 'visits'>;
  enrollments: Enrollments;
  enrollmentModels: EnrollmentModels;
}): Scans {
  const { mongo, models, codes, usedCodes, staticCards, limits, merchants, loyalty, enrollments, enrollmentModels } = parts;
  const users = createActiveUsers(mongo);

  const openMerchant = async (tx: Tx, caller: Principal, businessId: string | undefined): Promise<MerchantDocument> => {
    const merchant = await merchants.get(merchantOf(caller, businessId), tx);
    assertTrading(merchant);
    return merchant;
  };

  const customerOf = async (tx: Tx, caller: Principal, text: string) => {
    const code = codes.read(text, tx.now);
    if (code.kind !== 'user' && code.kind !== 'card') throw new Problem('code-foreign', 'This is no customer’s code');
    if (code.userId === caller.userId) throw new Problem('own-code');
    if (code.kind === 'card') await staticCards.assertCurrent(tx, code);
    const customer = await users.find(tx, code.userId);
    if (!customer) throw new Problem('code-foreign', 'The code is of nobody who is here');
    return { code, ...customer };
  };

  /** The one that was asked for; else the oldest in which the customer is; else the oldest. */
  const programFor = async (tx: Tx, merchantId: string, userId: string, programId: string | undefined): Promise<ProgramDocument> => {
    if (programId !== undefined) {
      const program = await loyalty.programs.get(merchantId, programId, tx);
      if (!program.isActive) throw new Problem('program-closed');
      return program;
    }
    const active = await loyalty.programs.active(merchantId, tx);
    const cards = await loyalty.cards.at(userId, merchantId, tx);
    const joined = new Set(cards.filter(({ status }) => status === 'active').map((card) => card.programId));
    const program = active.find(({ _id }) => joined.has(_id)) ?? active[0];
    if (!program) throw new Problem('program-closed', 'The business has no active program');
    return program;
  };

  /** What the scan gave, at once or when the customer agreed to be enrolled. */
  const entryOf = (
    { session }: Tx,
    { _id: cardId }: CardDocument,
    { _id: scanId, pointsId }: ScanDocument,
  ): Promise<PointsDocument | null> => {
    const { points } = loyalty.models;
    if (pointsId) return points.findById(pointsId, null, { session }).lean<PointsDocument>();
    return points.findOne({ cardId, scanId, source: 'visit' }, null, { session }).sort({ createdAt: -1, _id: -1 }).lean<PointsDocument>();
  };

  /** The first scan's answer, as its things are now; what the business may not see any more is left out. */
  const repeat = async (tx: Tx, scanId: string): Promise<Scanned> => {
    const options = { session: tx.session };
    const scan = await models.scans.findById(scanId, null, options).lean<ScanDocument>();
    if (!scan) throw new Error(`There is no scan ${scanId}`);
    const { enrollmentId, userId, programId } = scan;
    const found = await loyalty.cards.of(userId, programId, tx);
    const card = found?.status === 'active' ? found : null;
    return {
      scan,
      repeated: true,
      enrollment: enrollmentId ? await enrollmentModels.enrollments.findById(enrollmentId, null, options).lean<EnrollmentDocument>() : null,
      card,
      entry: card && (await entryOf(tx, card, scan)),
    };
  };

  /** The card that the visit is counted on; none while the customer has not agreed. */
  const enroll = async (tx: Tx, program: ProgramDocument, userId: string, visit: Visit) => {
    const card = await loyalty.cards.of(userId, program._id, tx);
    if (card?.status === 'active') return { outcome: 'visit' as const, card };
    const before = await enrollments.statusOf(userId, program._id, tx);
    const asked = await enrollments.request(tx, { program, userId, by: 'merchant', visit });
    if (asked.card) return { outcome: 'enrolled' as const, ...asked };
    return { outcome: before === 'requested' ? ('waiting' as const) : ('enrollment-requested' as const), ...asked };
  };

  /** A code of the app serves each business once. */
  const spend = async (tx: Tx, merchantId: string, code: CodeOf<'user' | 'card'>): Promise<boolean> =>
    code.kind === 'card' || usedCodes.spend(tx, code, `scan:${merchantId}`);

  return {
    async scan(tx, caller, { code: text, businessId, programId, amount }) {
      const merchant = await openMerchant(tx, caller, businessId);
      const { _id: merchantId, name: merchantName, timeZone } = merchant;
      const { code, userId, name } = await customerOf(tx, caller, text);
      const program = await programFor(tx, merchantId, userId, programId);

      const pair = `${merchantId}:${userId}`;
      const last = await models.lastScans.findById(pair, null, { session: tx.session }).lean<LastScanDocument>();
      if (last && Math.abs(tx.now.getTime() - last.at.getTime()) < repeatMs) {
        // A newer code of the same customer has served with it.
        await spend(tx, merchantId, code);
        return repeat(tx, last.scanId);
      }
      const takeTurn = await limits.check(tx, { merchantId, merchantName, userId });
      if (takeTurn instanceof Problem) return takeTurn;
      if (!(await spend(tx, merchantId, code))) throw new Problem('code-used');

      const scanId = newId();
      // Of two cashiers at once, the second conflicts here, runs again and finds the first.
      await models.lastScans.updateOne({ _id: pair }, { $set: { scanId, at: tx.now } }, { session: tx.session, upsert: true });
      const visit: Visit = { scanId, amount, at: tx.now };
      const behind = heldBack(tx);
      const { outcome, card, ...asked } = await enroll(behind.tx, program, userId, visit);
      const counted = card ? await loyalty.visits.count(behind.tx, { program, card, timeZone }, visit) : null;

      const enrollment = 'enrollment' in asked ? asked.enrollment : null;
      const entry = counted?.entry ?? null;
      const scan: ScanDocument = {
        _id: scanId,
        merchantId,
        programId: program._id,
        userId,
        customerName: name,
        scannedBy: caller.userId,
        kind: code.kind === 'card' ? 'card' : 'code',
        outcome,
        isFirst: last === null,
        amount: amount ?? null,
        points: entry?.status === 'posted' ? entry.delta : 0,
        ...(enrollment ? { enrollmentId: enrollment._id } : {}),
        ...(entry ? { pointsId: entry._id } : {}),
        at: tx.now,
      };
      await models.scans.insertMany([scan], { session: tx.session });
      const message = `Your QR code was scanned by ${merchantName}`;
      tx.emit(
        'qr-scanned',
        { scanId, userId, businessId: merchantId, businessName: merchantName, message, scan: presentScan(scan) },
        { userId, merchantId },
      );
      behind.tell();
      const isFirst = scan.isFirst ? { isFirst: true as const } : {};
      await loyalty.interactions.note(tx, { merchantId, userId, programId: program._id, subjectId: scanId, kind: 'scan', ...isFirst });
      await takeTurn();
      return { scan, repeated: false, enrollment, card: counted?.card ?? null, entry };
    },

    async list(caller, merchantId, { limit, cursor, userId }) {
      await assertMayLook(mongo, caller, merchantId, 'scans');
      const narrowed = userId === undefined ? {} : { userId };
      return readOrdered(models.scans, { merchantId, ...narrowed }, newestAt, {
        limit,
        cursor,
        hint: { merchantId: 1, ...(userId === undefined ? {} : { userId: 1 }), at: -1, _id: -1 },
      });
    },
  };
}

/** The one that was named, of which the caller is a member; who is member of one need not name it. */
function merchantOf(caller: Principal, businessId: string | undefined): string {
  if (businessId !== undefined) {
    if (!isMember(caller, businessId)) throw new Problem('forbidden', 'Only members of this business scan for it');
    return businessId;
  }
  const [only, ...others] = caller.merchants;
  if (only === undefined) throw new Problem('forbidden', 'Only members of a business scan');
  if (others.length > 0) throw badField('businessId', 'name the business for which you scan');
  return only;
}
