import {
  isAdmin,
  Problem,
  type EnrollmentDecision,
  type EnrollmentInput,
  type EnrollmentStatus,
  type Party,
  type Principal,
} from '@tidings/contracts';
import { auditRead, type Tx } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';
import { checkIfMatch } from '../../http/etag.js';
import { newestFirst, olderThan, pageByTime, type Paged } from '../../http/lists.js';
import { createActiveUsers } from '../identity/index.js';
import type { CardDocument, Cards, ProgramDocument, Programs, Visit } from '../loyalty/index.js';
import { assertMayChange, assertMayLook, assertTrading, isMember, type Merchants } from '../merchants/index.js';
import { assertMayAsk, type Consents, type Pair } from './consents.js';
import { restMs, type Customer, type EnrollmentSteps } from './enrollment-steps.js';
import type { EnrollmentDocument, EnrollmentModels } from './enrollments.model.js';
import { presentEnrollment } from './enrollments.presenter.js';

export interface EnrollmentRequest {
  program: ProgramDocument;
  userId: string;
  by: Party;
  /** The customer is asked, whatever the program says: somebody did it by hand, without the customer's code. */
  byHand?: boolean;
  /** Of the scan that asks: it counts when the customer agrees, once for each request. */
  visit?: Visit;
}

export interface EnrollmentsQuery {
  limit: number;
  cursor?: string | undefined;
  businessId?: string | undefined;
  programId?: string | undefined;
  status?: EnrollmentStatus | undefined;
}

export interface Enrollments {
  /**
   * Asks the other side, or enrolls at once where the program does so (then with the card). What is open already is answered as it is, and nobody
   * is told again. The rights are the caller's matter.
   * @throws Problem `enrollment-refused` after a block, a decline, or a silence; `program-closed`, `merchant-closed`; `not-found` (the customer)
   */
  request(tx: Tx, request: EnrollmentRequest): Promise<{ enrollment: EnrollmentDocument; card: CardDocument | null }>;
  /** As `request`, by hand: asking what the other side has asked accepts it. @throws Problem `forbidden`, `not-found` (the program), and as `request` */
  create(tx: Tx, caller: Principal, input: EnrollmentInput): Promise<EnrollmentDocument>;
  /** @throws Problem `not-found`, `forbidden` for the wrong side, `invalid-transition` (also too late), `program-closed`, `merchant-closed`, `version-mismatch` */
  decide(tx: Tx, caller: Principal, id: string, decision: EnrollmentDecision, ifMatch?: string): Promise<EnrollmentDocument>;
  /** Of the newest enrollment; null when there never was one. */
  statusOf(userId: string, programId: string, tx?: Tx): Promise<EnrollmentStatus | null>;
  /** For its parties; an administrator's look is audited. @throws Problem `not-found`, also for other people's */
  get(caller: Principal, id: string, tx?: Tx): Promise<EnrollmentDocument>;
  /** Newest first. @throws Problem `forbidden` for a business that the caller is no member of */
  list(caller: Principal, query: EnrollmentsQuery): Promise<Paged<EnrollmentDocument>>;
}

/** One side asks the other so often in vain within 30 days, whatever it withdraws. */
const mostAsks = 5;

export function createEnrollments(parts: {
  mongo: Mongo;
  models: EnrollmentModels;
  steps: EnrollmentSteps;
  consents: Consents;
  cards: Cards;
  programs: Programs;
  merchants: Merchants;
}): Enrollments {
  const { mongo, models, steps, consents, cards, programs, merchants } = parts;
  const { enrollments } = models;
  const users = createActiveUsers(mongo);
  const sessionOf = (tx?: Tx) => ({ session: tx?.session ?? null });

  const customer = async (tx: Tx, userId: string): Promise<Customer> => {
    const user = await users.find(tx, userId);
    if (!user) throw new Problem('not-found', 'There is no such customer');
    return user;
  };

  const newestOf = (userId: string, programId: string, tx?: Tx): Promise<EnrollmentDocument | null> =>
    enrollments.findOne({ userId, programId }, null, sessionOf(tx)).sort(newestFirst).lean<EnrollmentDocument>();

  /** Whether it exists is nobody's business but its parties'. */
  const visible = async (caller: Principal, id: string, tx?: Tx): Promise<EnrollmentDocument> => {
    const found = await enrollments.findById(id, null, sessionOf(tx)).lean<EnrollmentDocument>();
    const isParty = found && (found.userId === caller.userId || isMember(caller, found.merchantId) || isAdmin(caller.roles));
    if (!isParty) throw new Problem('not-found', 'There is no such enrollment');
    return found;
  };

  const assertOpen = async (tx: Tx, program: ProgramDocument): Promise<void> => {
    if (!program.isActive) throw new Problem('program-closed');
    assertTrading(await merchants.get(program.merchantId, tx));
  };

  const programOf = async (tx: Tx, id: string): Promise<ProgramDocument> => {
    const program = await programs.find(id, tx);
    if (!program) throw new Problem('not-found', 'There is no such program');
    return program;
  };

  const accept = async (tx: Tx, enrollment: EnrollmentDocument): Promise<EnrollmentDocument> => {
    const program = await programOf(tx, enrollment.programId);
    await assertOpen(tx, program);
    return steps.accept(tx, program, enrollment, (await customer(tx, enrollment.userId)).name);
  };

  /** The clock decides, not the job that writes it down: ends what has reached its time between the two, in whichever program. */
  const lapse = async (tx: Tx, { merchantId, userId }: Pair): Promise<void> => {
    const over = await enrollments
      .find({ userId, merchantId, status: 'requested', expiresAt: { $lte: tx.now } }, null, sessionOf(tx))
      .lean<EnrollmentDocument[]>();
    for (const one of over) await steps.end(tx, one, 'expired', null);
  };

  /**
   * Whether anything between the two has come to an end. A scan enrolls at once only who is new to the business, or with it: who has left or said no, in
   * whichever program, is asked.
   */
  const hasEnded = async ({ session }: Tx, { merchantId, userId }: Pair): Promise<boolean> =>
    (await enrollments.exists({ userId, merchantId, status: { $nin: ['requested', 'approved'] } }).session(session)) !== null;

  /** Else who withdraws in time could ask again and again. A customer may join and leave, and wish for many programs at once. */
  const assertNotTooOften = async ({ session, now }: Tx, { merchantId, userId }: Pair, by: Party): Promise<void> => {
    const inVain =
      by === 'merchant'
        ? { requestedBy: by, status: { $ne: 'approved' as const } }
        : { requestedBy: by, status: { $nin: ['approved' as const, 'requested' as const] }, cardId: null };
    const createdAt = { $gt: new Date(now.getTime() - restMs) };
    if ((await enrollments.countDocuments({ userId, merchantId, ...inVain, createdAt }).session(session)) >= mostAsks)
      throw new Problem('enrollment-refused', 'The other side was asked often enough');
  };

  const request: Enrollments['request'] = async (tx, { program, userId, by, byHand = false, visit }) => {
    const who = await customer(tx, userId);
    const pair = { merchantId: program.merchantId, userId };
    await consents.take(tx, pair);
    const last = await newestOf(userId, program._id, tx);
    if (last?.status === 'approved') return { enrollment: last, card: await cards.of(userId, program._id, tx) };
    if (last?.status === 'requested' && !isOver(last, tx.now)) {
      if (visit && !last.visit) await enrollments.updateOne({ _id: last._id }, { $set: { visit } }, { session: tx.session });
      return { enrollment: last, card: null };
    }
    await assertOpen(tx, program);
    await lapse(tx, pair);
    assertMayAsk(await consents.of(tx, pair), by, tx.now);
    await assertNotTooOften(tx, pair, by);
    const refusedSince = new Date(tx.now.getTime() - restMs);
    if (
      by === 'customer' &&
      (await enrollments.exists({ userId, programId: program._id, refusedAt: { $gt: refusedSince } }).session(tx.session))
    )
      throw new Problem('enrollment-refused', 'The business declined; it can be asked again 30 days later');
    const isAtOnce = program.enrollment === 'automatic' && (by === 'customer' || (!byHand && !(await hasEnded(tx, pair))));
    if (isAtOnce) return steps.enroll(tx, program, who, by);
    return { enrollment: await steps.ask(tx, program, who, by, visit), card: null };
  };

  /** What was decided, by the side that it is of. */
  const settle = async (
    tx: Tx,
    enrollment: EnrollmentDocument,
    { decision, side }: { decision: EnrollmentDecision; side: Party },
  ): Promise<EnrollmentDocument> => {
    const { status, requestedBy, endedBy } = enrollment;
    switch (decision) {
      case 'accept':
      case 'decline':
        assertStatus(enrollment, ['requested']);
        if (requestedBy === side) throw new Problem('forbidden', 'The side that was asked decides');
        return decision === 'accept' ? accept(tx, enrollment) : steps.end(tx, enrollment, 'declined', side);
      case 'withdraw':
        assertStatus(enrollment, ['requested', 'approved']);
        if (status === 'requested' && requestedBy !== side) throw new Problem('forbidden', 'Decline what the other side has asked');
        if (status === 'approved' && side === 'merchant') throw new Problem('forbidden', 'The customer leaves by their own wish');
        return steps.end(tx, enrollment, 'withdrawn', side);
      case 'block':
        if (status === 'blocked' || (await consents.of(tx, enrollment)).blockedBy.includes(side))
          throw new Problem('invalid-transition', 'It is blocked already');
        return steps.block(tx, enrollment, side);
      case 'unblock':
        assertStatus(enrollment, ['blocked']);
        if (endedBy !== side) throw new Problem('forbidden', 'The side that blocked lifts it');
        return steps.unblock(tx, enrollment, side);
    }
  };

  return {
    request,

    async create(tx, caller, { programId, userId = caller.userId }) {
      const program = await programOf(tx, programId);
      const by: Party = userId === caller.userId ? 'customer' : 'merchant';
      if (by === 'merchant')
        await assertMayChange(tx, caller, program.merchantId, { action: 'enrollment.request', details: { programId, userId } });
      const { enrollment } = await request(tx, { program, userId, by, byHand: by === 'merchant' });
      const made = enrollment.status === 'requested' && enrollment.requestedBy !== by ? await accept(tx, enrollment) : enrollment;
      if (by === 'merchant') tx.auditChange({ before: null, after: presentEnrollment(made, by) });
      return made;
    },

    async decide(tx, caller, id, decision, ifMatch) {
      const found = await visible(caller, id, tx);
      const side = sideOf(caller, found);
      if (side === 'merchant')
        await assertMayChange(tx, caller, found.merchantId, { action: `enrollment.${decision}`, details: { enrollmentId: id } });
      await consents.take(tx, found);
      await lapse(tx, found);
      const enrollment = await visible(caller, id, tx);
      checkIfMatch(ifMatch, presentEnrollment(enrollment, side).version, () => presentEnrollment(enrollment, side));
      const decided = await settle(tx, enrollment, { decision, side });
      if (side === 'merchant') tx.auditChange({ before: presentEnrollment(enrollment, side), after: presentEnrollment(decided, side) });
      return decided;
    },

    async statusOf(userId, programId, tx) {
      const last = await newestOf(userId, programId, tx);
      if (!last) return null;
      return last.status === 'requested' && isOver(last, tx?.now ?? new Date()) ? 'expired' : last.status;
    },

    async get(caller, id, tx) {
      const enrollment = await visible(caller, id, tx);
      // What a transaction does with it writes its own entry.
      if (!tx && enrollment.userId !== caller.userId && !isMember(caller, enrollment.merchantId))
        await auditRead(mongo, caller, {
          action: 'enrollment.look',
          target: `enrollment:${id}`,
          details: { userId: enrollment.userId },
        });
      return enrollment;
    },

    async list(caller, { limit, cursor, businessId, programId, status }) {
      if (businessId !== undefined) await assertMayLook(mongo, caller, businessId, 'enrollments');
      const whose = businessId === undefined ? { userId: caller.userId } : { merchantId: businessId };
      const found = await enrollments
        .find({
          ...whose,
          ...(programId === undefined ? {} : { programId }),
          ...(status === undefined ? {} : { [businessId === undefined ? 'status' : 'told.status']: status }),
          ...olderThan(cursor),
        })
        .sort(newestFirst)
        .limit(limit + 1)
        .lean<EnrollmentDocument[]>();
      return pageByTime(found, limit);
    },
  };
}

/** Nobody is both: a member's own enrollment is decided by another member. */
export const sideOf = ({ userId }: Principal, enrollment: EnrollmentDocument): Party =>
  userId === enrollment.userId ? 'customer' : 'merchant';

const isOver = ({ expiresAt }: EnrollmentDocument, now: Date): boolean => expiresAt !== null && expiresAt <= now;

function assertStatus({ status }: EnrollmentDocument, allowed: readonly EnrollmentStatus[]): void {
  if (!allowed.includes(status)) throw new Problem('invalid-transition', `The enrollment is ${status}`);
}
