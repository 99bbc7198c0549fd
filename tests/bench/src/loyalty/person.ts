import type { Stored } from './writer.js';

export interface FilledProgram {
  id: string;
  name: string;
  enrollment: 'approval' | 'automatic';
}

/** Made by the public API, so that all around it is as the product leaves it. */
export interface Business {
  merchantId: string;
  name: string;
  /** Who scans. */
  memberId: string;
  /** One by approval, one automatic; both give a point for each full 1,000 minor units. */
  programs: readonly FilledProgram[];
}

export const pointsPer = 1_000;
export const tiers = [
  { name: 'Silver', threshold: 100 },
  { name: 'Gold', threshold: 500 },
] as const;

/** Somebody's time with a business. Times in milliseconds. */
export interface Person {
  userId: string;
  name: string;
  program: FilledProgram;
  enrollmentId: string;
  /** null: said no. */
  cardId: string | null;
  askedAt: number;
  decidedAt: number;
  visits: number;
  scans: number;
  lastScanId: string;
  lastScanAt: number;
  lastVisitAt: number | null;
  /** Of the scan that asked. */
  visit: { scanId: string; at: Date; amount?: number } | null;
  points: number;
  earnings: number;
  lastEarnedAt: number;
  earned: { date: string; points: number };
  tags: readonly string[];
}

const whoseCard = ({ merchantId, name }: Business, { program, userId, name: customerName }: Person) => ({
  userId,
  customerName,
  merchantId,
  merchantName: name,
  programId: program.id,
  programName: program.name,
});

const dayMs = 86_400_000;

/** As accounts are that nobody logs in to. */
export function userOf({ userId, name, askedAt }: Person): Stored {
  return {
    _id: userId,
    name,
    nameKey: name.toLowerCase(),
    email: `${userId}@example.com`,
    passwordHash: 'nobody logs in',
    roles: ['customer'],
    status: 'active',
    memberships: [],
    version: 1,
    createdAt: new Date(askedAt),
  };
}

export function enrollmentOf(business: Business, person: Person): Stored {
  const { program, cardId, askedAt, decidedAt } = person;
  const asked = program.enrollment === 'approval';
  const told = {
    status: cardId === null ? 'declined' : 'approved',
    endedBy: cardId === null ? 'customer' : null,
    version: asked ? 2 : 1,
    updatedAt: new Date(decidedAt),
  };
  return {
    ...whoseCard(business, person),
    _id: person.enrollmentId,
    ...(cardId === null ? {} : { open: true }),
    requestedBy: 'merchant',
    ...(person.visit ? { visit: person.visit, askedByScan: true } : {}),
    expiresAt: null,
    cardId,
    ...told,
    told,
    createdAt: new Date(askedAt),
  };
}

export function consentOf({ merchantId }: Business, { userId, program, cardId, decidedAt }: Person): Stored {
  const askAgainAt = cardId === null ? new Date(decidedAt + 30 * dayMs) : null;
  return {
    _id: `${merchantId}:${userId}`,
    merchantId,
    userId,
    blockedBy: [],
    askAgainAt,
    turns: program.enrollment === 'approval' ? 2 : 1,
  };
}

export function cardOf(business: Business, person: Person): Stored {
  const { cardId, points, visits, lastVisitAt, earned, decidedAt } = person;
  if (cardId === null) throw new Error('Who said no has no card');
  const tier = tiers.findLast(({ threshold }) => threshold <= points)?.name ?? null;
  return {
    ...whoseCard(business, person),
    _id: cardId,
    status: 'active',
    balance: points,
    held: 0,
    lifetime: points,
    tier,
    visits,
    lastVisitAt: lastVisitAt === null ? null : new Date(lastVisitAt),
    lots: [],
    earned,
    proposals: 0,
    version: 1 + visits,
    createdAt: new Date(decidedAt),
    updatedAt: new Date(Math.max(lastVisitAt ?? 0, decidedAt)),
  };
}

/** The line of the business's list. */
export function lineOf({ merchantId }: Business, person: Person): Stored {
  const { userId, name, points, visits, lastVisitAt, program, tags, decidedAt } = person;
  return {
    _id: `${merchantId}:${userId}`,
    merchantId,
    userId,
    name,
    nameKey: name.toLowerCase(),
    status: 'active',
    balance: points,
    lifetime: points,
    visits,
    lastVisitAt: lastVisitAt === null ? null : new Date(lastVisitAt),
    programIds: [program.id],
    tags,
    listedAs: name.toLowerCase(),
    enrolledAt: new Date(decidedAt),
    version: 1 + visits + (tags.length > 0 ? 1 : 0),
  };
}

/** Under which a search finds the line: from each word on. */
export function namesOf({ merchantId }: Business, { userId, name, tags }: Person): Stored[] {
  const customerId = `${merchantId}:${userId}`;
  const words = name.toLowerCase().split(' ');
  return words.map((_, word) => ({ _id: `${customerId}:${word}`, merchantId, customerId, from: words.slice(word).join(' '), tags }));
}

export function accountOf({ userId, program, points, earnings, lastEarnedAt }: Person): Stored {
  const account = { kind: 'user', ownerId: userId, currency: program.id };
  return { _id: `user:${userId}:${program.id}`, ...account, balance: points, held: 0, version: earnings, lastAt: new Date(lastEarnedAt) };
}
