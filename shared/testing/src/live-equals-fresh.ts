import type { AnyEvent } from '@tidings/contracts';
import { deepStrictEqual } from 'node:assert/strict';
import type { TestClient } from './client.js';

type Reduce<State> = (state: State, event: AnyEvent) => State;

export interface LiveEqualsFresh<State> {
  client: Pick<TestClient, 'received'>;
  /** What the client knew when it began to follow. */
  initial: State;
  /** The reducer that client libraries use. */
  reduce: Reduce<State>;
  /** What a new client fetches now. Call it when the world has settled and the client has seen everything. */
  fetch: () => Promise<State>;
}

/** What a client has on its screen by the events that it got. */
export function stateOf<State>({ received }: Pick<TestClient, 'received'>, initial: State, reduce: Reduce<State>): State {
  return received
    .filter(({ payload }) => payload?.meta)
    .reduce((state, { type, payload }) => {
      const { meta: _, ...data } = payload;
      return reduce(state, { type, data } as unknown as AnyEvent);
    }, initial);
}

/** The state built from events must be the state that a new client fetches. After zulip's `verify_action`. */
export async function expectLiveEqualsFresh<State>({ client, initial, reduce, fetch }: LiveEqualsFresh<State>): Promise<void> {
  // Not jest's `expect`: this package also serves programs outside of jest, where that cannot be imported.
  deepStrictEqual(stateOf(client, initial, reduce), await fetch());
}
