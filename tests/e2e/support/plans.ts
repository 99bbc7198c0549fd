import { randomBytes } from 'node:crypto';
import type { Investment, Plan } from '@tidings/contracts';
import { expectStatus } from '@tidings/testing';
import type { Scene } from './scene.js';

/** With every field that a plan has; published some day. */
export const planBody = () => ({
  name: `Gold ${randomBytes(4).toString('hex')}`,
  description: 'Safe and slow',
  roi: 2.5,
  duration: 30,
  minAmount: 100,
  maxAmount: 50_000,
  currency: 'INR',
  capacity: 1_000_000,
  publishAt: '2029-01-01T00:00:00.000Z',
});

/** One that everybody sees, unless it has a date. */
export async function planOf({ admin }: Pick<Scene, 'admin'>, { publishAt = null }: { publishAt?: string | null } = {}): Promise<Plan> {
  return (await expectStatus(201, admin.http.post<Plan>('/api/admin/plans', { ...planBody(), publishAt }))).body;
}

/** Of the customer, in a plan of its own. */
export async function investmentOf(scene: Scene): Promise<Investment> {
  const { id } = await planOf(scene);
  return (await expectStatus(201, scene.customer.http.post<Investment>(`/api/plans/${id}/investments`, { amount: 500 }))).body;
}
