import type { Mongo } from '@tidings/platform';
import { createCounted, type Counted } from './figures.js';
import { nameOf, tagsOf } from './people.js';
import { accountOf, cardOf, consentOf, enrollmentOf, lineOf, namesOf, pointsPer, userOf, type Business, type Person } from './person.js';
import { createIds, createRandom } from './random.js';
import { localDate, planVisits } from './visits.js';
import { createWriter } from './writer.js';

export interface FillOptions {
  customers: number;
  /** At least one for each customer, and for the tenth of them who say no. */
  scans: number;
  /** The end of the last day, milliseconds. */
  until: number;
  seed: number;
  /** Whether the product's roll-ups have been here; else they find everything before them. */
  rolledUp: boolean;
}

export interface Filled {
  counted: Counted;
  /** Enrolled, in the order in which they came. */
  userIds: string[];
  /** Points. */
  outstanding: number;
}

const decidesAfterMs = 90_000;
/** By the rule of both programs. @param amount minor units */
const pointsFor = (amount: number | null): number => Math.floor((amount ?? 0) / pointsPer);
/** One scan in so many is of somebody who pays. */
const paysShare = 0.25;

/**
 * A business's last 90 days as the product would have written them, document for document, in the order of time: people are scanned, asked, agree or say
 * no, come again, and get a point for each full 1,000 minor units. Left out is what no view of loyalty reads: events, notifications and jobs.
 */
export async function fillBusiness(mongo: Mongo, business: Business, options: FillOptions): Promise<Filled> {
  const { customers, seed, until, rolledUp } = options;
  const { merchantId, memberId, programs } = business;
  const random = createRandom(seed + 1);
  const idAt = createIds(seed);
  const writer = createWriter(mongo);
  const counted = createCounted();
  const people = new Map<number, Person>();
  const open = rolledUp ? {} : { pending: true };
  const owed = new Map<string, { points: number; earnings: number; lastAt: number }>();

  const note = (at: number, { userId }: Person, by: string, what: Record<string, unknown>): void =>
    writer.put('interactions', { _id: idAt(at), merchantId, userId, ...what, by, at: new Date(at), ...open });

  /** The first scan enrolls or asks; who is asked decides soon after. */
  const meet = (at: number, who: number, visit: NonNullable<Person['visit']>): Person => {
    const automatic = random() < 0.35 && who < customers;
    const program = programs.find(({ enrollment }) => enrollment === (automatic ? 'automatic' : 'approval'))!;
    const decidedAt = automatic ? at : at + decidesAfterMs;
    const person: Person = {
      userId: idAt(at),
      name: nameOf(random),
      program,
      enrollmentId: idAt(at),
      cardId: who < customers ? idAt(decidedAt) : null,
      askedAt: at,
      decidedAt,
      visits: 0,
      scans: 0,
      lastScanId: '',
      lastScanAt: at,
      lastVisitAt: null,
      visit: automatic ? null : visit,
      points: 0,
      earnings: 0,
      lastEarnedAt: 0,
      earned: { date: '0000-00-00', points: 0 },
      tags: who < customers ? tagsOf(random) : [],
    };
    people.set(who, person);
    const { userId, enrollmentId, cardId } = person;
    const subject = { programId: program.id, subjectId: enrollmentId };
    const scannedAt = new Date(at);
    if (!automatic) {
      note(at, person, memberId, { ...subject, kind: 'enrollment-requested', scannedAt });
      counted.add(at, 'enrollmentsRequested');
      counted.add(at, 'scanRequests');
    }
    const decided = cardId === null ? 'declined' : 'approved';
    const asked = decided === 'approved' && !automatic ? { scannedAt } : {};
    note(decidedAt, person, automatic ? memberId : userId, { ...subject, kind: `enrollment-${decided}`, ...asked });
    if (decided === 'approved') counted.add(decidedAt, 'enrolled');
    if (decided === 'approved' && !automatic) counted.add(at, 'scanAccepted');
    writer.put('users', userOf(person));
    writer.put('enrollments', enrollmentOf(business, person));
    writer.put('consents', consentOf(business, person));
    return person;
  };

  /** @returns the id of the entry */
  const earn = (at: number, person: Person, by: string, { scanId, delta }: { scanId: string; delta: number }): string => {
    const { userId, program, cardId } = person;
    const pointsId = idAt(at);
    const date = localDate(at);
    person.points += delta;
    person.earnings++;
    person.lastEarnedAt = at;
    person.earned = { date, points: delta + (person.earned.date === date ? person.earned.points : 0) };
    const whose = { cardId, userId, merchantId, merchantName: business.name, programId: program.id, programName: program.name };
    const stamps = { by, version: 1, createdAt: new Date(at), updatedAt: new Date(at) };
    const entry = { delta, reason: 'Visit', source: 'visit', status: 'posted', balance: person.points, lots: [], scanId };
    writer.put('points', { _id: pointsId, ...whose, ...entry, ...stamps });
    const key = `points:${pointsId}`;
    const facts = { type: 'visit', description: 'Visit', cardId, pointsId, currency: program.id, at: new Date(at) };
    writer.put('points_transfers', { _id: key, ...facts, amount: delta, userId, tx: idAt(at) });
    const posting = { ...facts, transferId: key };
    const account = { account: `user:${userId}:${program.id}`, balanceAfter: person.points, accountVersion: person.earnings };
    writer.put('points_postings', { _id: idAt(at), ...posting, ...account, amount: delta });
    writer.put('points_postings', { _id: idAt(at), ...posting, account: `system:program:${program.id}`, amount: -delta, ...open });
    note(at, person, by, { programId: program.id, subjectId: pointsId, delta, source: 'visit', kind: 'points-posted' });
    counted.add(at, 'issued', delta);
    const debt = owed.get(program.id) ?? { points: 0, earnings: 0, lastAt: 0 };
    owed.set(program.id, { points: debt.points + delta, earnings: debt.earnings + 1, lastAt: at });
    return pointsId;
  };

  /** With the visit of the scan that asked. */
  const agree = (person: Person): void => {
    const { decidedAt, userId, askedAt, visit } = person;
    const delta = pointsFor(visit?.amount ?? null);
    if (visit && delta > 0) earn(decidedAt, person, userId, { scanId: visit.scanId, delta });
    person.visits++;
    person.lastVisitAt = askedAt;
  };

  const scan = (at: number, who: number): void => {
    const known = people.get(who);
    const scanId = idAt(at);
    const amount = random() < paysShare ? 2_000 + random.below(48_000) : null;
    const person = known ?? meet(at, who, { scanId, at: new Date(at), ...(amount === null ? {} : { amount }) });
    const { userId, name, program } = person;
    const enrolled = person.cardId !== null && (known !== undefined || program.enrollment === 'automatic');
    const points = enrolled ? pointsFor(amount) : 0;
    const pointsId = points > 0 ? { pointsId: earn(at, person, memberId, { scanId, delta: points }) } : {};
    if (enrolled) {
      person.visits++;
      person.lastVisitAt = at;
    } else if (!known && person.cardId !== null) agree(person);
    person.scans++;
    person.lastScanId = scanId;
    person.lastScanAt = at;
    const isFirst = known === undefined;
    const asked = program.enrollment === 'automatic' ? 'enrolled' : 'enrollment-requested';
    writer.put('scans', {
      _id: scanId,
      merchantId,
      programId: program.id,
      userId,
      customerName: name,
      scannedBy: memberId,
      kind: random() < 0.1 ? 'card' : 'code',
      outcome: isFirst ? asked : 'visit',
      isFirst,
      amount,
      points,
      ...(isFirst ? { enrollmentId: person.enrollmentId } : {}),
      ...pointsId,
      at: new Date(at),
    });
    note(at, person, memberId, { programId: program.id, subjectId: scanId, kind: 'scan', ...(isFirst ? { isFirst: true } : {}) });
    counted.scan(at, isFirst);
  };

  let done = 0;
  for (const { at, who } of planVisits(options)) {
    scan(at, who);
    if (++done % 1_000 === 0) await writer.breathe();
  }
  const userIds: string[] = [];
  for (const person of people.values()) {
    const { userId, cardId, lastScanId: scanId, lastScanAt, tags, earnings } = person;
    writer.put('last_scans', { _id: `${merchantId}:${userId}`, scanId, at: new Date(lastScanAt) });
    if (cardId === null) continue;
    userIds.push(userId);
    writer.put('cards', cardOf(business, person));
    writer.put('loyalty_customers', lineOf(business, person));
    for (const name of namesOf(business, person)) writer.put('loyalty_customer_names', name);
    if (earnings > 0) writer.put('points_accounts', accountOf(person));
    if (tags.length > 0) note(until - 1_000, person, memberId, { kind: 'tags-changed' });
    if (!rolledUp) writer.put('loyalty_headcounts', { _id: idAt(until), merchantId, change: 1 });
    if (++done % 1_000 === 0) await writer.breathe();
  }

  const outstanding = [...owed.values()].reduce((sum, { points }) => sum + points, 0);
  if (rolledUp) {
    for (const document of counted.documents(merchantId)) writer.put('loyalty_figure_days', document);
    const figures = { customers: userIds.length, outstanding, version: done };
    writer.put('loyalty_figures', { _id: merchantId, ...figures });
    for (const [programId, { points, earnings, lastAt }] of owed) {
      const account = { kind: 'system', ownerId: 'program', currency: programId, held: 0, version: earnings, lastAt: new Date(lastAt) };
      writer.put('points_accounts', { _id: `system:program:${programId}`, ...account, balance: -points });
    }
  }
  await writer.end();
  return { counted, userIds, outstanding };
}
