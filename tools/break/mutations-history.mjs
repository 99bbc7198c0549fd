const screenTests = 'tests/e2e/screen.test.ts';
const noteTests = 'services/socket-gateway/tests/delivery-notes.test.ts';
const followings = 'services/socket-gateway/src/followings.ts';
const screens = 'services/api/src/modules/history/screen.service.ts';

/** Of the dispute view and the timeline. @type {import('./mutations.mjs').Mutation[]} */
export const historyMutations = [
  {
    name: 'screen-time',
    mechanism: 'the screen at a time is that of the last entry appended by then',
    invariant: 7,
    edits: [{ file: 'shared/feed/src/feed-history.ts', search: 'entry.at <= at', replace: 'entry.at < at' }],
    testFile: screenTests,
    test: 'at a time is that of the last entry appended by then',
  },
  {
    name: 'screen-complete',
    mechanism: 'a screen whose older entries have expired says so',
    invariant: 7,
    edits: [{ file: screens, search: 'complete: from === 1', replace: 'complete: true' }],
    testFile: screenTests,
    test: 'says when entries that it would need have expired',
  },
  {
    name: 'screen-audit',
    mechanism: 'nobody looks at a screen without a trace',
    invariant: 6,
    edits: [{ file: screens, search: "await look(wanted, 'look', { seq: place.seq });", replace: '' }],
    testFile: screenTests,
    test: 'is for administrators, of users that exist and entries that were given, and each look is in the audit log',
  },
  {
    name: 'export-chain',
    mechanism: 'the digest of an export holds what stands beside the packets',
    invariant: 7,
    edits: [
      {
        file: 'shared/feed/src/screen-export.ts',
        search: '[before, seq, eventId, appendedAt, hash].join',
        replace: "[before, seq, eventId, appendedAt === '', hash].join",
      },
    ],
    testFile: screenTests,
    test: 'is found out when an entry was changed, left out, moved or put in, or the screen was',
  },
  {
    name: 'screen-export-older',
    mechanism: 'an export of an older format is judged by what it could show',
    invariant: 7,
    edits: [
      {
        file: 'shared/feed/src/screen-export.ts',
        search: 'format < screenExportFormat ? holds(made, shown) : isDeepStrictEqual(made, shown)',
        replace: 'isDeepStrictEqual(made, shown)',
      },
    ],
    testFile: 'shared/feed/tests/screen-export.test.ts',
    test: 'of an older format less is shown than its entries make now; of this one, nothing may be missing',
  },
  {
    name: 'screen-export-exact',
    mechanism: 'an export of the present format shows all that its entries make',
    invariant: 7,
    edits: [
      {
        file: 'shared/feed/src/screen-export.ts',
        search: 'format < screenExportFormat ? holds(made, shown) : isDeepStrictEqual(made, shown)',
        replace: 'holds(made, shown)',
      },
    ],
    testFile: 'shared/feed/tests/screen-export.test.ts',
    test: 'of an older format less is shown than its entries make now; of this one, nothing may be missing',
  },
  {
    name: 'note-from',
    mechanism: 'a note claims no entry from before the cursor',
    invariant: 3,
    edits: [{ file: followings, search: 'from: start, noted: -1', replace: 'from: 0, noted: -1' }],
    testFile: noteTests,
    test: 'a client that comes back is noted from its cursor on, one that got nothing not at all, and one that is reset from there',
  },
  {
    name: 'note-reset',
    mechanism: 'a note claims no entry that a reset left out',
    invariant: 3,
    edits: [{ file: followings, search: 'if (following) following.from = reset.head;', replace: '' }],
    testFile: noteTests,
    test: 'a client that comes back is noted from its cursor on, one that got nothing not at all, and one that is reset from there',
  },
  {
    name: 'cause-kept',
    mechanism: 'what caused an event lasts as long as its entries',
    invariant: 1,
    edits: [
      {
        file: 'services/event-relay/src/sequencer.ts',
        search: '...(event.cause ? { cause: event.cause } : {}),',
        replace: '',
      },
    ],
    testFile: 'tests/e2e/timeline.test.ts',
    test: 'it still tells of an event that has left the outbox',
  },
];
