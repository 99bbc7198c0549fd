/**
 * An event's id begins with the id of its transaction, so that the events of one transaction are found by a range of the index that exists
 * anyway, as long as their entries last: nothing more is written for it.
 */

const transactionIdLength = 24;

/** @param place 0 for the first event of the transaction; ids sort in the order of emission */
export const eventIdIn = (transactionId: string, place: number): string => transactionId + place.toString(16).padStart(4, '0');

export const transactionOf = (eventId: string): string => eventId.slice(0, transactionIdLength);

/** All ids of the events of one transaction, as a condition on the id. */
export const eventsIn = (transactionId: string): { $gte: string; $lt: string } => ({ $gte: transactionId, $lt: `${transactionId}g` });
