import type { AccessClaims } from '@tidings/platform';
import type { Problem } from '@tidings/contracts';
import type { IncomingMessage } from 'node:http';
import type { KeyHolder } from './keyring.js';

export interface RequestState {
  id: string;
  /** Name of the route that took it, for logs and metrics. */
  route?: string;
  /** Also of a machine, by its key: the name under which it is counted and logged. */
  userId?: string;
  /** The bearer token's claims, or why it was refused; undefined without a token. */
  token?: AccessClaims | Problem;
  /** In the place of a token: the machine whose API key was sent, and is good. */
  key?: KeyHolder;
}

const states = new WeakMap<IncomingMessage, RequestState>();

/** What the layers know of a request, apart from Express's own untyped fields. */
export function requestState(req: IncomingMessage): RequestState {
  let state = states.get(req);
  if (!state) {
    state = { id: 'unknown' };
    states.set(req, state);
  }
  return state;
}
