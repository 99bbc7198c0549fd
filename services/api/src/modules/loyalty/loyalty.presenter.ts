import type { Card, FraudAlert, Interaction, LoyaltyCustomer, PointsEntry, Program, Redemption, Reward } from '@tidings/contracts';
import type { CustomerDocument, FraudAlertDocument, InteractionDocument } from './book.model.js';
import type { CardDocument, PointsDocument, ProgramDocument, RedemptionDocument, RewardDocument } from './loyalty.model.js';

interface Stored {
  _id: string;
  version: number;
  createdAt: Date;
  updatedAt: Date;
}
const stamps = ({ version, createdAt, updatedAt }: Stored) => ({
  version,
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
});
const orNull = (time: Date | null): string | null => time?.toISOString() ?? null;

export function presentProgram(program: ProgramDocument): Program {
  const { _id: id, merchantId: businessId, merchantName: businessName } = program;
  const { name, description, enrollment, rules, bonus, capPerDay, tiers, expiry, approval, isActive } = program;
  const settings = { name, description, enrollment, rules, bonus, capPerDay, tiers, expiry, approval, isActive };
  return { id, businessId, businessName, ...settings, ...stamps(program) };
}

export function presentReward(reward: RewardDocument): Reward {
  const { _id: id, merchantId: businessId, programId, name, description, cost, stock, isActive } = reward;
  return { id, businessId, programId, name, description, cost, stock, isActive, ...stamps(reward) };
}

export function presentCard(card: CardDocument): Card {
  const { _id: id, userId, customerName, merchantId: businessId, merchantName: businessName, programId, programName } = card;
  const { status, balance, held, lifetime, tier, visits, lastVisitAt, lots } = card;
  const [next] = lots;
  return {
    id,
    userId,
    customerName,
    businessId,
    businessName,
    programId,
    programName,
    status,
    balance,
    held,
    lifetime,
    tier,
    visits,
    lastVisitAt: orNull(lastVisitAt),
    expiring: next ? { points: next.points, at: next.expiresAt.toISOString() } : null,
    ...stamps(card),
  };
}

export function presentPoints(entry: PointsDocument): PointsEntry {
  const { _id: id, cardId, userId, merchantId: businessId, merchantName: businessName, programId, programName } = entry;
  const { delta, reason, source, status, balance, orderId, scanId, redemptionId, reversalOf } = entry;
  return {
    id,
    cardId,
    userId,
    businessId,
    businessName,
    programId,
    programName,
    delta,
    reason,
    source,
    status,
    balance: balance ?? null,
    orderId: orderId ?? null,
    scanId: scanId ?? null,
    redemptionId: redemptionId ?? null,
    reversalOf: reversalOf ?? null,
    ...stamps(entry),
  };
}

export function presentRedemption(redemption: RedemptionDocument): Redemption {
  const { _id: id, cardId, userId, customerName, merchantId: businessId, merchantName: businessName } = redemption;
  const { programId, rewardId, rewardName, cost, status, expiresAt } = redemption;
  return {
    id,
    cardId,
    userId,
    customerName,
    businessId,
    businessName,
    programId,
    rewardId,
    rewardName,
    cost,
    status,
    expiresAt: expiresAt.toISOString(),
    ...stamps(redemption),
  };
}

export function presentCustomer(customer: CustomerDocument): LoyaltyCustomer {
  const { userId, name, status, balance, lifetime, visits, lastVisitAt, programIds, tags, enrolledAt, version } = customer;
  return {
    userId,
    name,
    status,
    balance,
    lifetime,
    visits,
    lastVisitAt: orNull(lastVisitAt),
    programIds,
    tags,
    enrolledAt: enrolledAt.toISOString(),
    version,
  };
}

export function presentInteraction(interaction: InteractionDocument): Interaction {
  const { _id: id, merchantId: businessId, userId, kind, programId, subjectId, delta, by, at } = interaction;
  return {
    id,
    businessId,
    userId,
    kind,
    programId: programId ?? null,
    subjectId: subjectId ?? null,
    delta: delta ?? null,
    by,
    at: at.toISOString(),
  };
}

export function presentFraudAlert(alert: FraudAlertDocument): FraudAlert {
  const { _id: id, kind, merchantId: businessId, merchantName: businessName, userId, limit, windowSeconds, at } = alert;
  return { id, kind, businessId, businessName, userId, limit, windowSeconds, at: at.toISOString() };
}
