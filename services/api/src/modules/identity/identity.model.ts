import type { MemberRole, RevokeReason, Role, UserStatus } from '@tidings/contracts';
import type { Connection } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

export interface Membership {
  merchantId: string;
  role: MemberRole;
}

export interface UserDocument {
  _id: string;
  name: string;
  /** The name in lower case, by which administrators search. */
  nameKey?: string;
  /** In lower case; unique. */
  email: string;
  /** Since when an administrator vouches that the address is this user's. */
  emailVerifiedAt?: Date;
  passwordHash: string;
  roles: Role[];
  status: UserStatus;
  memberships: Membership[];
  version: number;
  createdAt: Date;
  /** Written at each login, so that a login and a suspension at the same time conflict. */
  lastLoginAt?: Date;
  /** Of a superadmin, written at each change of somebody's roles, so that two such changes at the same time conflict. */
  lastGrantAt?: Date;
}

export interface SessionDocument {
  _id: string;
  userId: string;
  deviceId: string | null;
  userAgent: string | null;
  ip: string | null;
  /** SHA-256 of the secret half of the newest refresh token. */
  refreshHash: string;
  /** Of those that were given for the same token as the newest: whoever asked twice keeps one of them, and nobody knows which. */
  twinHashes?: string[];
  /** Of those that the newest and its twins have replaced: good for a moment after `rotatedAt`. */
  previousHashes?: string[];
  rotatedAt?: Date;
  createdAt: Date;
  lastUsedAt: Date;
  expiresAt: Date;
  revokedAt: Date | null;
  revokedReason: RevokeReason | null;
}

export interface IdentityModels {
  users: Model<UserDocument>;
  sessions: Model<SessionDocument>;
}

const membershipSchema = new Schema<Membership>(
  { merchantId: { type: String, required: true }, role: { type: String, required: true } },
  { _id: false },
);

const userSchema = new Schema<UserDocument>(
  {
    _id: { type: String, required: true },
    name: { type: String, required: true },
    nameKey: { type: String },
    email: { type: String, required: true },
    emailVerifiedAt: { type: Date },
    passwordHash: { type: String, required: true },
    roles: { type: [String], required: true },
    status: { type: String, required: true },
    memberships: { type: [membershipSchema], required: true },
    version: { type: Number, required: true },
    createdAt: { type: Date, required: true },
    lastLoginAt: { type: Date },
    lastGrantAt: { type: Date },
  },
  { collection: 'users', versionKey: false, strict: 'throw' },
);
userSchema.index({ email: 1 }, { unique: true });
userSchema.index({ 'memberships.merchantId': 1, name: 1, _id: 1 });
// For the administrators' list: by what it is searched, filtered and sorted.
userSchema.index({ nameKey: 1 });
userSchema.index({ createdAt: -1, _id: -1 });
userSchema.index({ roles: 1, createdAt: -1, _id: -1 });
userSchema.index({ status: 1, createdAt: -1, _id: -1 });

const sessionSchema = new Schema<SessionDocument>(
  {
    _id: { type: String, required: true },
    userId: { type: String, required: true },
    deviceId: { type: String, default: null },
    userAgent: { type: String, default: null },
    ip: { type: String, default: null },
    refreshHash: { type: String, required: true },
    twinHashes: { type: [String], default: undefined },
    previousHashes: { type: [String], default: undefined },
    rotatedAt: { type: Date },
    createdAt: { type: Date, required: true },
    lastUsedAt: { type: Date, required: true },
    expiresAt: { type: Date, required: true },
    revokedAt: { type: Date, default: null },
    revokedReason: { type: String, default: null },
  },
  { collection: 'sessions', versionKey: false, strict: 'throw' },
);
sessionSchema.index({ userId: 1, createdAt: -1, _id: -1 });
// A session that is over is of no use to anybody.
sessionSchema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

/** The models on this connection; asked for again, the same ones. */
export function identityModels(connection: Connection): IdentityModels {
  return {
    users: connection.models['User'] ?? connection.model<UserDocument>('User', userSchema),
    sessions: connection.models['Session'] ?? connection.model<SessionDocument>('Session', sessionSchema),
  };
}
