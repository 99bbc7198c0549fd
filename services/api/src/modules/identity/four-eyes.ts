import { Problem, type Principal } from '@tidings/contracts';
import type { AuditDetails, Tx } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';
import { identityModels } from './identity.model.js';

/**
 * Before an administrator decides: what is their own matter is for another one. A superadmin who is the only administrator decides it all the
 * same, or an installation with one administrator could not be run.
 * @param matter `own`: whether it is; `refusal`: what whoever is refused reads
 * @returns what the audit log entry of the decision has to say of it
 * @throws Problem `forbidden`
 */
export type FourEyes = (tx: Tx, caller: Principal, matter: { own: boolean; refusal: string }) => Promise<AuditDetails>;

export function createFourEyes(mongo: Mongo): FourEyes {
  const { users } = identityModels(mongo.connection);
  return async ({ session }, { userId, roles }, { own, refusal }) => {
    if (!own) return {};
    const others = { _id: { $ne: userId }, roles: { $in: ['admin', 'superadmin'] as const }, status: 'active' as const };
    if (!roles.includes('superadmin') || (await users.exists(others).session(session))) throw new Problem('forbidden', refusal);
    return { alone: true };
  };
}
