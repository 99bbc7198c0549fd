import { Problem, programBody, type EnrollmentDecision, type Principal, type ProgramInput } from '@tidings/contracts';
import type { OutboxEvent, Tx } from '@tidings/feed';
import type { ClientSession, JobDocument } from '@tidings/platform';
import { expiryJobKind } from '../../src/modules/enrollments/enrollment-steps.js';
import type { EnrollmentDocument } from '../../src/modules/enrollments/index.js';
import type { CardDocument, ProgramDocument } from '../../src/modules/loyalty/index.js';
import type { Domain } from './domain.js';

export const dayMs = 24 * 60 * 60_000;

/** The code of the refusal, or what was answered. */
export const outcome = (pending: Promise<unknown>): Promise<unknown> =>
  pending.catch((error: unknown) => {
    if (error instanceof Problem) return error.code;
    throw error;
  });

export interface Club {
  merchantId: string;
  member: Principal;
  program: ProgramDocument;
  /** Another program of the same merchant. */
  addProgram(settings?: Partial<ProgramInput>): Promise<ProgramDocument>;
  /** By hand, as at a time that lies `ms` ahead: a member asks the customer. */
  ask(customer: Principal, options?: { program?: ProgramDocument; ms?: number }): Promise<EnrollmentDocument>;
  /** The customer's own wish. */
  join(customer: Principal, options?: { program?: ProgramDocument; ms?: number }): Promise<EnrollmentDocument>;
  /** As a scan does. */
  scan(
    customer: Principal,
    options?: { program?: ProgramDocument; ms?: number },
  ): Promise<{ enrollment: EnrollmentDocument; card: CardDocument | null }>;
  decide(
    caller: Principal,
    id: string,
    decision: EnrollmentDecision,
    options?: { ms?: number; ifMatch?: string },
  ): Promise<EnrollmentDocument>;
  /** What the queue does when the time has come, as often and wherever it likes. */
  expire(id: string, ms: number): Promise<void>;
  /** Everything of the merchant's feed but its own beginning, a subscription on trial. */
  told(): Promise<OutboxEvent[]>;
}

/** A merchant with a member and a loyalty program. */
export async function openClub(domain: Domain, settings: Partial<ProgramInput> = {}): Promise<Club> {
  const input = { name: `Chai House ${Math.random()}`, ownerName: 'Ravi', email: `${Math.random()}@example.com` };
  const { result: merchant } = await domain.run((tx) => domain.merchants.merchants.create(tx, input));
  const merchantId = merchant._id;
  const member = await domain.person({ merchants: [merchantId] });
  const { enrollments } = domain.enrollments;
  let made = 0;

  const addProgram: Club['addProgram'] = async (own = {}) => {
    const body = programBody.parse({ name: `Friends ${++made}`, ...settings, ...own });
    return (await domain.run((tx) => domain.loyalty.programs.create(tx, member, merchantId, body))).result;
  };
  const program = await addProgram();
  const ahead = async <T>(ms: number, actor: string, work: (tx: Tx) => Promise<T>): Promise<T> =>
    (await domain.run((tx) => work({ ...tx, now: new Date(tx.now.getTime() + ms) }), actor)).result;

  return {
    merchantId,
    member,
    program,
    addProgram,
    ask: ({ userId }, { program: { _id } = program, ms = 0 } = {}) =>
      ahead(ms, member.userId, (tx) => enrollments.create(tx, member, { programId: _id, userId })),
    join: (customer, { program: { _id } = program, ms = 0 } = {}) =>
      ahead(ms, customer.userId, (tx) => enrollments.create(tx, customer, { programId: _id })),
    scan: ({ userId }, { program: scanned = program, ms = 0 } = {}) =>
      ahead(ms, member.userId, (tx) => enrollments.request(tx, { program: scanned, userId, by: 'merchant' })),
    decide: (caller, id, decision, { ms = 0, ifMatch } = {}) =>
      ahead(ms, caller.userId, (tx) => enrollments.decide(tx, caller, id, decision, ifMatch)),
    async expire(id, ms) {
      const jobs = domain.mongo.db.collection<JobDocument>('jobs');
      const job = await jobs.findOne({ _id: `${expiryJobKind}:${id}` });
      if (!job) throw new Error('There is no job');
      const { mongo } = domain;
      // The clock stands in the document: the job reads the one of the machine.
      await mongo.db
        .collection<{ _id: string }>('enrollments')
        .updateOne({ _id: id }, [{ $set: { expiresAt: { $subtract: ['$expiresAt', ms] } } }]);
      const finish = async (session: ClientSession) =>
        (await jobs.updateOne({ _id: job._id, state: 'due' }, { $set: { state: 'done' } }, { session })).modifiedCount === 1;
      await domain.enrollments.jobs?.[expiryJobKind]?.(job, finish);
    },
    told: () =>
      domain.mongo.db
        .collection<OutboxEvent>('outbox')
        .find({ feeds: `merchant:${merchantId}`, type: { $ne: 'subscription-updated' } })
        .sort({ at: 1, _id: 1 })
        .toArray(),
  };
}
