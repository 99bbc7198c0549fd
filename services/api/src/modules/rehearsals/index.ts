import { routes } from '@tidings/contracts';
import type { ApiModule, Context } from '../../context.js';
import { write } from '../../http/bind.js';
import type { OpeningDeps } from './opening.js';
import { rehearse } from './rehearse.js';
import { sweepSandboxes } from './sandbox.js';

/** Webhook rehearsals: the product's own webhook and wallet code on a copy of an account, in a database of its own. */
export function rehearsalsModule(
  context: Pick<Context, 'config' | 'mongo' | 'logger'>,
  parts: Pick<OpeningDeps, 'directory' | 'wallet'>,
): ApiModule {
  const { mongo, logger } = context;
  return {
    routes: [
      write(
        routes.rehearsals.create,
        {
          prepare: ({ body }) => rehearse({ ...context, ...parts }, body),
          handle: async ({ tx, body, prepared }) => {
            const details = { rehearsalId: prepared.id, events: body.events.length, sameAsPlain: prepared.sameAsPlain };
            await tx.audit({ action: 'rehearsal.run', target: `user:${body.userId}`, details, before: null, after: details });
            return prepared;
          },
        },
        { limit: 'rehearsal' },
      ),
    ],
    async start() {
      try {
        await sweepSandboxes(mongo);
      } catch (error) {
        // A database user without that right can still do everything else.
        logger.warn({ reason: String(error) }, 'Databases that rehearsals may have left cannot be looked for');
      }
    },
  };
}
