import {
  Problem,
  type AuthAnswer,
  type LoginInput,
  type Principal,
  type RegisterInput,
  type Role,
  type UserStatus,
} from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { isDuplicateKey, newId, type Tokens } from '@tidings/platform';
import type { ClientInfo } from '../../http/bind.js';
import { checkIfMatch } from '../../http/etag.js';
import { nameKey } from './directory.js';
import type { FourEyes } from './four-eyes.js';
import type { IdentityModels, UserDocument } from './identity.model.js';
import { presentAccount, presentUser } from './identity.presenter.js';
import { hashPassword, isPassword } from './passwords.js';
import type { OpenedSession, Sessions } from './sessions.js';

export function createIdentity({
  models,
  sessions,
  tokens,
  fourEyes,
}: {
  models: IdentityModels;
  sessions: Sessions;
  tokens: Tokens;
  fourEyes: FourEyes;
}) {
  const { users } = models;

  const insertUser = async (tx: Tx, fields: Pick<UserDocument, 'name' | 'email' | 'passwordHash' | 'roles'>): Promise<UserDocument> => {
    const user: UserDocument = {
      _id: newId(),
      ...fields,
      nameKey: nameKey(fields.name),
      status: 'active',
      memberships: [],
      version: 1,
      createdAt: tx.now,
    };
    try {
      await users.create([user], { session: tx.session });
    } catch (error) {
      throw isDuplicateKey(error, 'users') ? new Problem('email-taken', undefined, { cause: error }) : error;
    }
    return user;
  };

  const findUser = async (tx: Tx, id: string): Promise<UserDocument> => {
    const user = await users.findById(id, undefined, { session: tx.session }).lean();
    if (!user) throw new Problem('not-found', 'There is no such user');
    return user;
  };

  const change = async (
    tx: Tx,
    user: UserDocument,
    fields: Partial<Pick<UserDocument, 'name' | 'nameKey' | 'status'>>,
  ): Promise<UserDocument> => {
    await users.updateOne({ _id: user._id }, { $set: fields, $inc: { version: 1 } }, { session: tx.session });
    return { ...user, ...fields, version: user.version + 1 };
  };

  const answer = (user: UserDocument, { session, refreshToken }: OpenedSession): AuthAnswer => ({
    user: presentUser(user),
    accessToken: tokens.sign({ sub: user._id, sid: session._id, roles: [...user.roles] }),
    refreshToken,
    expiresIn: tokens.ttlSeconds,
  });

  return {
    /** Nobody registers with a role: everyone is a customer first. @throws Problem email-taken */
    async register(tx: Tx, input: RegisterInput, passwordHash: string, client: ClientInfo): Promise<AuthAnswer> {
      const user = await insertUser(tx, { name: input.name, email: input.email, passwordHash, roles: ['customer'] });
      return answer(user, await sessions.open(tx, user._id, input.deviceId, client));
    },

    /** Outside of any transaction: it takes its time on purpose. @throws Problem invalid-credentials */
    async checkPassword({ email, password }: LoginInput): Promise<string> {
      const user = await users.findOne({ email }, { passwordHash: 1 }).lean();
      const matches = await isPassword(user?.passwordHash, password);
      if (!user || !matches) throw new Problem('invalid-credentials');
      return user._id;
    },

    /** @throws Problem account-suspended, which only somebody who knows the password gets to see */
    async login(tx: Tx, userId: string, deviceId: string | undefined, client: ClientInfo): Promise<AuthAnswer> {
      const user = await users
        .findOneAndUpdate({ _id: userId, status: 'active' }, { $set: { lastLoginAt: tx.now } }, { session: tx.session })
        .lean();
      if (!user) throw new Problem('account-suspended');
      return answer(user, await sessions.open(tx, userId, deviceId, client));
    },

    /** @throws Problem unauthenticated | session-revoked | account-suspended; returns one that must be committed */
    async refresh(tx: Tx, refreshToken: string): Promise<AuthAnswer | Problem> {
      const rotated = await sessions.rotate(tx, refreshToken);
      if (rotated instanceof Problem) return rotated;
      const user = await findUser(tx, rotated.session.userId);
      if (user.status !== 'active') throw new Problem('account-suspended');
      return answer(user, rotated);
    },

    async account(userId: string) {
      const user = await users.findById(userId).lean();
      if (!user) throw new Problem('not-found');
      return presentAccount(user);
    },

    /** @throws Problem version-mismatch */
    async rename(tx: Tx, userId: string, name: string, ifMatch: string | undefined) {
      const user = await findUser(tx, userId);
      checkIfMatch(ifMatch, user.version, () => presentAccount(user));
      return presentAccount(await change(tx, user, { name, nameKey: nameKey(name) }));
    },

    /**
     * An administrator vouches for the address of a user, or does not any more. The own one is for another to vouch for: payments that name it
     * come into the wallet.
     * @throws Problem not-found | forbidden
     */
    async verifyEmail(tx: Tx, caller: Principal, userId: string, verified: boolean) {
      const user = await findUser(tx, userId);
      if (Boolean(user.emailVerifiedAt) === verified) return presentAccount(user);
      const matter = { own: verified && userId === caller.userId, refusal: 'Another administrator vouches for your address' };
      const eyes = await fourEyes(tx, caller, matter);
      const update = verified ? { $set: { emailVerifiedAt: tx.now } } : { $unset: { emailVerifiedAt: 1 as const } };
      const changed = await users
        .findOneAndUpdate({ _id: userId }, { ...update, $inc: { version: 1 } }, { session: tx.session, returnDocument: 'after' })
        .lean<UserDocument>();
      if (!changed) throw new Problem('not-found');
      const [before, after] = [presentAccount(user), presentAccount(changed)];
      await tx.audit({ action: 'user.verify-email', target: `user:${userId}`, details: { verified, ...eyes }, before, after });
      return after;
    },

    /**
     * Suspends a user, which ends all of their sessions, or lifts it. A status that is so already changes nothing.
     * @throws Problem not-found | version-mismatch | forbidden (oneself; a superadmin)
     */
    async setStatus(tx: Tx, caller: Principal, userId: string, status: UserStatus, ifMatch: string | undefined) {
      const user = await findUser(tx, userId);
      if (userId === caller.userId) throw new Problem('forbidden', 'Nobody changes their own status');
      if (user.roles.includes('superadmin')) throw new Problem('forbidden', 'A superadmin cannot be suspended');
      checkIfMatch(ifMatch, user.version, () => presentAccount(user));
      if (user.status === status) return presentAccount(user);
      const changed = await change(tx, user, { status });
      await tx.audit({
        action: status === 'suspended' ? 'user.suspend' : 'user.reinstate',
        target: `user:${userId}`,
        before: presentAccount(user),
        after: presentAccount(changed),
      });
      if (status === 'suspended') await sessions.revoke(tx, { userId }, 'suspended');
      return presentAccount(changed);
    },

    /**
     * The first administrator. Whoever has the address already is left as they are: an account of the same address, made by somebody
     * else, must not become an administrator by a restart.
     */
    async ensureAdmin(
      run: (work: (tx: Tx) => Promise<unknown>) => Promise<unknown>,
      email: string,
      password: string,
    ): Promise<'created' | 'exists' | 'not-an-admin'> {
      const roles: Role[] = ['customer', 'admin', 'superadmin'];
      const existing = await users.findOne({ email }, { roles: 1 }).lean();
      if (existing) return existing.roles.includes('superadmin') ? 'exists' : 'not-an-admin';
      const passwordHash = await hashPassword(password);
      try {
        await run((tx) => insertUser(tx, { name: 'Administrator', email, passwordHash, roles }));
        return 'created';
      } catch (error) {
        if (error instanceof Problem && error.code === 'email-taken') return 'exists'; // another replica was first
        throw error;
      }
    },
  };
}

export type Identity = ReturnType<typeof createIdentity>;
