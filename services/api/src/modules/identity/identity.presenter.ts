import type { Account, Session, User } from '@tidings/contracts';
import type { SessionDocument, UserDocument } from './identity.model.js';

export function presentUser({ _id, name, email, roles }: UserDocument): User {
  return { id: _id, name, email, roles: [...roles] };
}

export function presentAccount(user: UserDocument): Account {
  return {
    ...presentUser(user),
    status: user.status,
    memberships: user.memberships.map(({ merchantId, role }) => ({ merchantId, role })),
    ...(user.emailVerifiedAt ? { emailVerified: true as const } : {}),
    version: user.version,
    createdAt: user.createdAt.toISOString(),
  };
}

export function presentSession(session: SessionDocument, currentId: string): Session {
  return {
    id: session._id,
    deviceId: session.deviceId,
    userAgent: session.userAgent,
    ip: session.ip,
    current: session._id === currentId,
    createdAt: session.createdAt.toISOString(),
    lastUsedAt: session.lastUsedAt.toISOString(),
    expiresAt: session.expiresAt.toISOString(),
  };
}
