import type { ApiModule, Context } from '../../context.js';
import { createDirectory, type Directory } from './directory.js';
import { createFourEyes } from './four-eyes.js';
import { identityModels } from './identity.model.js';
import { identityRoutes } from './identity.routes.js';
import { createIdentity } from './identity.service.js';
import { preparePasswords } from './passwords.js';
import { createRoleChanges } from './roles.js';
import { createSessions, type Sessions } from './sessions.js';

export { createActiveUsers } from './active-users.js';
export type { Directory } from './directory.js';
export { createFourEyes, type FourEyes } from './four-eyes.js';
export { presentAccount, presentSession } from './identity.presenter.js';
export { createMemberships, type Memberships } from './memberships.js';

export interface IdentityModule extends ApiModule {
  directory: Directory;
  sessions: Sessions;
}

/** Accounts, logins and sessions, and who is a member of which merchant. */
export function identityModule(context: Context): IdentityModule {
  const { config, logger, tokens, unitOfWork } = context;
  const models = identityModels(context.mongo.connection);
  const sessions = createSessions(models, config.REFRESH_TOKEN_DAYS);
  const identity = createIdentity({ models, sessions, tokens, fourEyes: createFourEyes(context.mongo) });
  const directory = createDirectory(models);
  return {
    directory,
    sessions,
    routes: identityRoutes(identity, sessions, createRoleChanges(models, directory)),
    async start() {
      await models.users.createCollection();
      await models.sessions.createCollection();
      await Promise.all([models.users.createIndexes(), models.sessions.createIndexes(), preparePasswords()]);
      await directory.prepare();
      if (!config.ADMIN_EMAIL || !config.ADMIN_PASSWORD) return;
      const email = config.ADMIN_EMAIL.toLowerCase();
      const outcome = await identity.ensureAdmin((work) => unitOfWork.run({ actor: null }, work), email, config.ADMIN_PASSWORD);
      if (outcome === 'not-an-admin') logger.warn('ADMIN_EMAIL belongs to an account that is no administrator; it is left as it is');
      if (outcome === 'created') logger.info('Created the first administrator from ADMIN_EMAIL');
    },
  };
}
