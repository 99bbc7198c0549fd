import { Problem, type EnrollmentStatus, type Party } from '@tidings/contracts';
import type { Questions, Tx } from '@tidings/feed';
import { newId } from '@tidings/platform';
import type { CardDocument, Cards, Interactions, Places, ProgramDocument, Visit, Visits } from '../loyalty/index.js';
import type { Consents } from './consents.js';
import type { EnrollmentDocument, EnrollmentModels } from './enrollments.model.js';
import { presentEnrollment } from './enrollments.presenter.js';

const dayMs = 24 * 60 * 60_000;
/** How long a request can be decided. */
export const requestMs = 7 * dayMs;
/** How long nobody asks again what was declined, and a business not what was never answered. */
export const restMs = 30 * dayMs;
export const expiryJobKind = 'enrollment-expiry';

/** Of the question that a request is on the screens of whoever decides. */
export const questionOf = (id: string): string => `enrollment:${id}`;

/** What became of the question, in the words of the buttons. */
const answers: Record<Exclude<EnrollmentStatus, 'requested'>, string> = {
  approved: 'accept',
  declined: 'decline',
  withdrawn: 'withdraw',
  blocked: 'block',
  expired: 'expire',
};

export interface Customer {
  userId: string;
  name: string;
}

/** The changes of an enrollment; who may make them is the service's matter. `Consents.take` comes before each. */
export interface EnrollmentSteps {
  /** The other side is asked. */
  ask(tx: Tx, program: ProgramDocument, customer: Customer, by: Party, visit?: Visit): Promise<EnrollmentDocument>;
  /** Enrolled without a question. */
  enroll(tx: Tx, program: ProgramDocument, customer: Customer, by: Party): Promise<{ enrollment: EnrollmentDocument; card: CardDocument }>;
  /** With the visit of the scan that asked. */
  accept(tx: Tx, program: ProgramDocument, enrollment: EnrollmentDocument, name: string): Promise<EnrollmentDocument>;
  /** The card of who was enrolled is closed with it. @param by null: the clock */
  end(tx: Tx, enrollment: EnrollmentDocument, status: 'declined' | 'withdrawn' | 'expired', by: Party | null): Promise<EnrollmentDocument>;
  /** Ends all that is open between the two. */
  block(tx: Tx, enrollment: EnrollmentDocument, by: Party): Promise<EnrollmentDocument>;
  unblock(tx: Tx, enrollment: EnrollmentDocument, by: Party): Promise<EnrollmentDocument>;
}

export function createEnrollmentSteps(parts: {
  models: EnrollmentModels;
  consents: Consents;
  cards: Cards;
  interactions: Interactions;
  places: Places;
  visits: Visits;
  questions: Questions;
}): EnrollmentSteps {
  const { models, consents, cards, interactions, places, visits, questions } = parts;
  const { enrollments } = models;

  const made = (tx: Tx, program: ProgramDocument, { userId, name }: Customer, requestedBy: Party): EnrollmentDocument => ({
    _id: newId(),
    userId,
    customerName: name,
    merchantId: program.merchantId,
    merchantName: program.merchantName,
    programId: program._id,
    programName: program.name,
    status: 'requested',
    open: true,
    requestedBy,
    endedBy: null,
    expiresAt: new Date(tx.now.getTime() + requestMs),
    cardId: null,
    told: { status: 'requested', endedBy: null, version: 1, updatedAt: tx.now },
    version: 1,
    createdAt: tx.now,
    updatedAt: tx.now,
  });

  const note = async (tx: Tx, enrollment: EnrollmentDocument, what: EnrollmentStatus | 'unblocked' = enrollment.status): Promise<void> => {
    const { _id: subjectId, merchantId, userId, programId } = enrollment;
    const isCounted = enrollment.askedByScan && (what === 'requested' || what === 'approved');
    const asked = isCounted ? { scannedAt: enrollment.createdAt } : {};
    await interactions.note(tx, { merchantId, userId, programId, subjectId, kind: `enrollment-${what}`, ...asked });
  };

  const announce = (tx: Tx, enrollment: EnrollmentDocument, quiet: boolean): void => {
    const { _id: enrollmentId, status, userId, merchantId, programId, cardId } = enrollment;
    tx.emit(
      'enrollment-updated',
      {
        enrollmentId,
        status,
        userId,
        businessId: merchantId,
        programId,
        ...(cardId === null ? {} : { cardId }),
        enrollment: presentEnrollment(enrollment, 'customer'),
      },
      { userId, merchantId, quiet },
    );
  };

  const write = async (
    tx: Tx,
    before: EnrollmentDocument,
    fields: Partial<EnrollmentDocument> & Pick<EnrollmentDocument, 'status' | 'endedBy'>,
    { quiet = false, what }: { quiet?: boolean; what?: 'unblocked' } = {},
  ): Promise<EnrollmentDocument> => {
    const { status, endedBy } = fields;
    // A block is no place in the program: each side may keep one, on enrollments of the same program.
    const isOpen = status === 'approved';
    const told = { status, endedBy, version: before.version + 1, updatedAt: tx.now };
    const changed = await enrollments
      .findOneAndUpdate(
        { _id: before._id, version: before.version },
        {
          $set: { ...fields, updatedAt: tx.now, ...(quiet ? {} : { told }), ...(isOpen ? { open: true } : {}) },
          ...(isOpen ? {} : { $unset: { open: '' } }),
          $inc: { version: 1 },
        },
        { session: tx.session, returnDocument: 'after' },
      )
      .lean<EnrollmentDocument>();
    if (!changed) throw new Problem('version-mismatch', undefined, { current: presentEnrollment(before, 'customer') });
    announce(tx, changed, quiet);
    // The business reads the list of what happened, too.
    if (!quiet) await note(tx, changed, what);
    if (before.status === 'requested' && status !== 'requested') await questions.answer(tx, questionOf(before._id), answers[status]);
    return changed;
  };

  const end: EnrollmentSteps['end'] = async (tx, enrollment, status, by) => {
    if (enrollment.status === 'approved') await cards.close(tx, enrollment.userId, enrollment.programId);
    const isNo = status === 'declined' || status === 'expired';
    if (isNo && enrollment.requestedBy === 'merchant') {
      const since = status === 'expired' ? (enrollment.expiresAt ?? tx.now) : tx.now;
      await consents.askAgain(tx, enrollment, new Date(since.getTime() + restMs));
    }
    const refused = status === 'declined' && by === 'merchant' ? { refusedAt: tx.now } : {};
    return write(tx, enrollment, { status, endedBy: by, expiresAt: null, ...refused });
  };

  return {
    end,

    async ask(tx, program, customer, by, visit) {
      const enrollment = { ...made(tx, program, customer, by), ...(visit ? { visit, askedByScan: true as const } : {}) };
      await enrollments.insertMany([enrollment], { session: tx.session });
      const { _id: enrollmentId, userId, merchantId, merchantName, programId, programName, customerName, expiresAt } = enrollment;
      tx.emit(
        'enrollment-requested',
        {
          enrollmentId,
          userId,
          businessId: merchantId,
          businessName: merchantName,
          programId,
          programName,
          customerName,
          requestedBy: by,
          enrollment: presentEnrollment(enrollment, 'customer'),
        },
        { userId, merchantId },
      );
      await note(tx, enrollment);
      await tx.job({ kind: expiryJobKind, key: `${expiryJobKind}:${enrollmentId}`, data: { enrollmentId }, dueAt: expiresAt! });
      return enrollment;
    },

    async enroll(tx, program, customer, by) {
      const card = await cards.open(tx, program, customer);
      const approved = { status: 'approved', expiresAt: null, cardId: card._id } as const;
      const enrollment: EnrollmentDocument = { ...made(tx, program, customer, by), ...approved };
      enrollment.told.status = 'approved';
      await enrollments.insertMany([enrollment], { session: tx.session });
      announce(tx, enrollment, false);
      await note(tx, enrollment);
      await consents.askAgain(tx, enrollment, null);
      return { enrollment, card };
    },

    async accept(tx, program, enrollment, name) {
      const card = await cards.open(tx, program, { userId: enrollment.userId, name });
      await consents.askAgain(tx, enrollment, null);
      const approved = await write(tx, enrollment, { status: 'approved', endedBy: null, expiresAt: null, cardId: card._id });
      if (enrollment.visit) await visits.count(tx, await places.of(tx, card), enrollment.visit);
      return approved;
    },

    async block(tx, enrollment, by) {
      const others = await enrollments
        .find({ userId: enrollment.userId, merchantId: enrollment.merchantId, open: true, _id: { $ne: enrollment._id } }, null, {
          session: tx.session,
        })
        .lean<EnrollmentDocument[]>();
      for (const other of others) await end(tx, other, 'withdrawn', by);
      if (enrollment.status === 'approved') await cards.close(tx, enrollment.userId, enrollment.programId);
      await consents.block(tx, enrollment, by);
      const quiet = by === 'customer' && enrollment.open !== true;
      return write(tx, enrollment, { status: 'blocked', endedBy: by, expiresAt: null }, { quiet });
    },

    async unblock(tx, enrollment, by) {
      await consents.unblock(tx, enrollment, by);
      return write(tx, enrollment, { status: 'withdrawn', endedBy: by }, { quiet: by === 'customer', what: 'unblocked' });
    },
  };
}
