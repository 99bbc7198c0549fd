/**
 * Of the Socket.IO messages in both directions. Raise it when a client built against the version before could stumble:
 * a field or message that goes away or changes its meaning. Adding an optional field does not need it.
 */
export const PROTOCOL_VERSION = 1;

/** Of the schemas behind that version; `protocol.test.ts` says what to do when it differs. */
export const PROTOCOL_HASH = 'f0bca08ac61480a31fd92036812f4db1';
