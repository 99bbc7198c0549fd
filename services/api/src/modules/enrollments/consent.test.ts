import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { EnrollmentDecision, Party, Principal } from '@tidings/contracts';
import fc from 'fast-check';
import { dayMs, openClub, outcome, type Club } from '../../../tests/support/clubs.js';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import type { EnrollmentDocument } from './enrollments.model.js';

let domain: Domain;
beforeAll(async () => {
  domain = await createDomain();
});
afterAll(() => domain.stop());

/** Program 0 asks, program 1 enrolls at once; `days` pass before. */
type Step =
  | { kind: 'ask' | 'scan' | 'join' | 'award'; program: 0 | 1; days: number }
  | { kind: 'decide'; by: 'customer' | 'merchant'; program: 0 | 1; decision: EnrollmentDecision; days: number };

const program = fc.constantFrom(0 as const, 1 as const);
const days = fc.constantFrom(0, 0, 0, 1, 8, 31);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('ask' as const, 'scan' as const, 'join' as const, 'award' as const), program, days }),
  fc.record({
    kind: fc.constant('decide' as const),
    by: fc.constantFrom('customer' as const, 'customer' as const, 'merchant' as const),
    program,
    decision: fc.constantFrom<EnrollmentDecision>('accept', 'decline', 'withdraw', 'block', 'unblock'),
    days,
  }),
);

/** What the customer has said, in the simplest words there are: a second opinion on the rules. */
interface Word {
  /** With which programs the customer is. */
  member: Set<string>;
  /** Which request waits, whose it is, and since when. */
  asked: Map<string, { at: number; by: Party }>;
  blocked: boolean;
  /** The last no, a decline or a silence, in milliseconds. */
  noAt: number;
}

async function walk(steps: readonly Step[]): Promise<void> {
  const club = await openClub(domain);
  const programs = [club.program, await club.addProgram({ enrollment: 'automatic' })] as const;
  const asha = await domain.person();
  const word: Word = { member: new Set(), asked: new Map(), blocked: false, noAt: -Infinity };
  /** Nobody has written down yet that their time is over. */
  const lapsed = new Set<string>();
  let heard = 0;
  let ms = 0;
  for (const one of steps) {
    ms += one.days * dayMs;
    for (const [id, { at, by }] of word.asked) {
      if (ms < at + 7 * dayMs) continue;
      word.asked.delete(id);
      if (by === 'merchant') word.noAt = Math.max(word.noAt, at + 7 * dayMs);
      lapsed.add(id);
    }
    const silent = word.blocked || (word.member.size === 0 && word.asked.size === 0 && ms < word.noAt + 30 * dayMs);
    const ownWish = one.kind === 'join' || (one.kind === 'decide' && one.by === 'customer' && one.decision !== 'block');
    const byBusiness = one.kind === 'decide' && one.by === 'merchant';
    const result = await take(club, programs[one.program]._id, asha, one, ms);
    const told = (await club.told()).filter(({ data }) => data['userId'] === asha.userId);
    const news = told.slice(heard).filter(({ data }) => data['status'] !== 'expired' || !lapsed.delete(String(data['programId'])));
    // What the business does itself, its own members hear of.
    if (word.blocked ? !byBusiness : silent && !ownWish && !byBusiness)
      expect({ one, news: news.map(({ type }) => type) }).toEqual({ one, news: [] });
    heard = told.length;
    if (result) note(word, programs[one.program]._id, one, result, ms);
  }
}

/** Does it, at that time; null when it was refused or there is nothing to do it to. */
async function take(club: Club, programId: string, asha: Principal, one: Step, ms: number): Promise<EnrollmentDocument | null> {
  const found = (await domain.loyalty.programs.find(programId))!;
  const options = { program: found, ms };
  const settled = async (pending: Promise<unknown>) => {
    const result = await outcome(pending);
    return typeof result === 'string' ? null : result;
  };
  switch (one.kind) {
    case 'ask':
      return (await settled(club.ask(asha, options))) as EnrollmentDocument | null;
    case 'join':
      return (await settled(club.join(asha, options))) as EnrollmentDocument | null;
    case 'scan':
      return ((await settled(club.scan(asha, options))) as { enrollment: EnrollmentDocument } | null)?.enrollment ?? null;
    case 'award': {
      const card = await domain.loyalty.cards.of(asha.userId, programId);
      if (!card) return null;
      const change = { delta: 10, reason: 'A present', source: 'manual' } as const;
      await settled(domain.run((tx) => domain.loyalty.points.byBusiness(tx, { program: found, card, timeZone: 'UTC' }, change)));
      return null;
    }
    case 'decide': {
      const [last] = await domain.enrollments.models.enrollments
        .find({ userId: asha.userId, programId })
        .sort({ createdAt: -1, _id: -1 })
        .lean();
      if (!last) return null;
      const caller = one.by === 'customer' ? asha : club.member;
      return (await settled(club.decide(caller, last._id, one.decision, { ms }))) as EnrollmentDocument | null;
    }
  }
}

function note(word: Word, programId: string, one: Step, { status, requestedBy }: EnrollmentDocument, ms: number): void {
  const wasAsked = word.asked.has(programId);
  if (status === 'requested') {
    if (!wasAsked) word.asked.set(programId, { at: ms, by: requestedBy });
    return;
  }
  word.asked.delete(programId);
  if (status === 'approved') {
    word.member.add(programId);
    word.noAt = -Infinity;
  } else word.member.delete(programId);
  if (one.kind !== 'decide') return;
  if (one.decision === 'decline' && one.by === 'customer') word.noAt = Math.max(word.noAt, ms);
  if (one.decision === 'block') {
    word.asked.clear();
    word.member.clear();
    word.blocked ||= one.by === 'customer';
  }
  if (one.decision === 'unblock' && one.by === 'customer') word.blocked = false;
}

test('after a no the business hears nothing of the customer, whatever anybody tries', async () => {
  const numRuns = Number(process.env['CONSENT_RUNS'] ?? 40);
  const seed = process.env['CONSENT_SEED'];
  const property = fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), walk);
  await fc.assert(property, { numRuns, ...(seed === undefined ? {} : { seed: Number(seed) }) });
}, 600_000);
