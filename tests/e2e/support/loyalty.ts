import { randomBytes } from 'node:crypto';
import { expectStatus, type Account } from '@tidings/testing';
import type { Scene } from './scene.js';

export const programBody = () => ({
  name: `Club ${randomBytes(4).toString('hex')}`,
  description: 'For those who come often',
  enrollment: 'approval',
  rules: [{ kind: 'visit', points: 10 }],
  bonus: [{ days: ['friday'], hours: { from: '17:00', to: '19:00' }, percent: 200 }],
  capPerDay: 500,
  tiers: [{ name: 'Gold', threshold: 1_000 }],
  expiry: { days: 365, warnDays: 14 },
  approval: { mode: 'deductions', above: 100 },
  isActive: true,
});

export const rewardBody = (programId: string) => ({
  programId,
  name: `Chai ${randomBytes(4).toString('hex')}`,
  description: 'A cup of it',
  cost: 50,
  stock: 20,
  isActive: true,
});

const made = async <T extends { id: string }>(by: Account, path: string, body: object): Promise<T> =>
  (await expectStatus(201, by.http.post<T>(path, body))).body;

export async function programAt({ owner, merchant }: Scene['stall'], fields: object = {}): Promise<{ id: string; name: string }> {
  return made(owner, `/api/merchants/${merchant.id}/programs`, { ...programBody(), ...fields });
}

/** A card of the scene's customer at its stall, in a program of its own. */
export async function cardOf({ stall, customer }: Scene, points = 0): Promise<{ id: string; programId: string }> {
  const { id: programId } = await programAt(stall);
  const { id: asked } = await made(stall.owner, '/api/enrollments', { programId, userId: customer.id });
  const { body } = await expectStatus(
    200,
    customer.http.post<{ cardId: string }>(`/api/enrollments/${asked}/decision`, { decision: 'accept' }),
  );
  const id = body.cardId;
  if (points > 0) await made(stall.owner, `/api/cards/${id}/points`, { delta: points, reason: 'Welcome' });
  return { id, programId };
}

/** An award of 60, and a deduction of more than the program lets through without the customer. */
export async function awardOf(scene: Scene): Promise<string> {
  const { id } = await cardOf(scene);
  return (await made<{ id: string }>(scene.stall.owner, `/api/cards/${id}/points`, { delta: 60, reason: 'A cake' })).id;
}
export async function waitingPoints(scene: Scene): Promise<string> {
  const { id } = await cardOf(scene, 500);
  return (await made<{ id: string }>(scene.stall.owner, `/api/cards/${id}/points`, { delta: -150, reason: 'A mistake' })).id;
}

export async function rewardOf({ stall }: Scene, programId: string): Promise<string> {
  return (await made<{ id: string }>(stall.owner, `/api/merchants/${stall.merchant.id}/rewards`, rewardBody(programId))).id;
}

/** A reward that the customer has asked for. */
export async function redemptionOf(scene: Scene): Promise<string> {
  const { id, programId } = await cardOf(scene, 200);
  const rewardId = await rewardOf(scene, programId);
  return (await made<{ id: string }>(scene.customer, `/api/cards/${id}/redemptions`, { rewardId })).id;
}

export async function redemptionCode(scene: Scene): Promise<string> {
  const { body } = await expectStatus(
    200,
    scene.customer.http.get<{ code: string }>(`/api/redemptions/${await redemptionOf(scene)}/qr?format=json`),
  );
  return body.code;
}
