import type { ApiModule, Context } from '../../context.js';
import { identityModels } from './identity.model.js';
import { identityRoutes } from './identity.routes.js';
import { createIdentity } from './identity.service.js';
import { preparePasswords } from './passwords.js';
import { createSessions } from './sessions.js';

export { createMemberships, type Memberships } from './memberships.js';

/** Accounts, logins and sessions, and who is a member of which merchant. */
export function identityModule(context: Context): ApiModule {
  const { config, logger, tokens, unitOfWork } = context;
  const models = identityModels(context.mongo.connection);
  const sessions = createSessions(models, config.REFRESH_TOKEN_DAYS);
  const identity = createIdentity({ models, sessions, tokens });
  return {
    routes: identityRoutes(identity, sessions),
    async start() {
      await models.users.createCollection();
      await models.sessions.createCollection();
      await Promise.all([models.users.createIndexes(), models.sessions.createIndexes(), preparePasswords()]);
      if (!config.ADMIN_EMAIL || !config.ADMIN_PASSWORD) return;
      const email = config.ADMIN_EMAIL.toLowerCase();
      const outcome = await identity.ensureAdmin((work) => unitOfWork.run({ actor: null }, work), email, config.ADMIN_PASSWORD);
      if (outcome === 'not-an-admin') logger.warn('ADMIN_EMAIL belongs to an account that is no administrator; it is left as it is');
      if (outcome === 'created') logger.info('Created the first administrator from ADMIN_EMAIL');
    },
  };
}
