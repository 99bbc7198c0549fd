import { deepStrictEqual } from 'node:assert/strict';
import type { TestClient } from './client.js';

export interface LiveEqualsFresh<State> {
  client: Pick<TestClient, 'received'>;
  /** What the client knew when it began to follow. */
  initial: State;
  /** The reducer that client libraries use. */
  reduce: (state: State, event: { type: string; data: Record<string, unknown> }) => State;
  /** What a new client fetches now. Call it when the world has settled and the client has seen everything. */
  fetch: () => Promise<State>;
}

/** The state built from events must be the state that a new client fetches. After zulip's `verify_action`. */
export async function expectLiveEqualsFresh<State>({ client, initial, reduce, fetch }: LiveEqualsFresh<State>): Promise<void> {
  const live = client.received
    .filter(({ payload }) => payload?.meta)
    .reduce((state, { type, payload }) => {
      const { meta: _, ...data } = payload;
      return reduce(state, { type, data });
    }, initial);
  // Not jest's `expect`: this package also serves programs outside of jest, where that cannot be imported.
  deepStrictEqual(live, await fetch());
}
