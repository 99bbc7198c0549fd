import type { IncomingMessage } from 'node:http';
import { Problem } from '@tidings/contracts';
import type { Access, FeedTicket, Tickets } from '@tidings/feed';
import { anonymous } from './anonymous.js';
import type { Authenticator, Identity } from './authenticate.js';

export interface Caller extends Identity {
  /** The one that it shows in place of a token. */
  ticket?: FeedTicket;
}

export interface Callers {
  /**
   * Who calls, by `Authorization: Bearer` or by a ticket; `anonymous` with neither.
   * @throws Problem `unauthenticated`, `token-expired`, `session-revoked`, `bad-request` with both
   */
  of(req: IncomingMessage, ticket?: string): Promise<Caller>;
}

const nobody: Caller = { principal: anonymous, expiresAt: Infinity };

export function createCallers(deps: { authenticator: Authenticator; tickets: Tickets; access: Access }): Callers {
  const { authenticator, tickets, access } = deps;
  return {
    async of({ headers: { authorization } }, text) {
      if (authorization !== undefined && text !== undefined) throw new Problem('bad-request', 'Send a token or a ticket, not both');
      if (text !== undefined) {
        const ticket = await tickets.read(text);
        const principal = await access.principal(ticket.userId, ticket.sessionId);
        if (!principal) throw new Problem('session-revoked');
        return { principal, expiresAt: ticket.expiresAt.getTime(), ticket };
      }
      if (authorization === undefined) return nobody;
      const token = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization)?.[1];
      if (token === undefined) throw new Problem('unauthenticated', 'Send Authorization: Bearer <access token>');
      return authenticator.identify(token);
    },
  };
}

/** @throws Problem `forbidden` when the ticket is for other feeds */
export function assertOpens(ticket: FeedTicket | undefined, feeds: readonly string[]): void {
  const refused = ticket?.feeds && feeds.find((feed) => !ticket.feeds?.includes(feed));
  if (refused) throw new Problem('forbidden', `The ticket is not for ${refused}`);
}
