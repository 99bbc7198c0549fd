import { feeds, ownFeeds, Problem, type Principal } from '@tidings/contracts';
import type { Access } from '@tidings/feed';

/** What somebody is writing in. */
export interface WritingIn {
  orderId?: string | undefined;
  conversationId?: string | undefined;
}

/**
 * Tells the connections of the other party, on whichever gateway, that somebody writes. Nobody keeps it.
 * @throws Problem `forbidden` for who is no party
 */
export type Typing = (who: Principal, place: WritingIn) => Promise<void>;

/** Reaches every connection in these rooms, once each. */
export type ToRooms = (rooms: readonly string[], event: string, payload: unknown) => void;

export function createTyping({ access, toRooms }: { access: Pick<Access, 'parties'>; toRooms: ToRooms }): Typing {
  return async (who, { orderId, conversationId }) => {
    const feed = orderId === undefined ? feeds.conversation(conversationId ?? '') : feeds.order(orderId);
    const parties = await access.parties(feed);
    const own = ownFeeds(who);
    // Administrators may look on; they are not the ones who write.
    if (!parties.some((party) => own.includes(party))) throw new Problem('forbidden', 'Only its parties write here');
    const others = parties.filter((party) => !own.includes(party));
    const place = orderId === undefined ? { conversationId } : { orderId };
    if (others.length > 0) toRooms(others, 'typing', { ...place, userId: who.userId });
  };
}
