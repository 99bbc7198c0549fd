const relayTests = 'services/event-relay/tests/relay.test.ts';
const unitTests = 'shared/feed/tests/unit-of-work.test.ts';
const sequencer = 'services/event-relay/src/sequencer.ts';

/** Of the way from a change to its numbered entries. @type {import('./mutations.mjs').Mutation[]} */
export const relayMutations = [
  {
    name: 'outbox-transaction',
    mechanism: 'change and event are one transaction',
    invariant: 1,
    edits: [
      {
        file: 'shared/feed/src/outbox.ts',
        search: 'outbox.insertMany(events, { session, ordered: true })',
        replace: 'outbox.insertMany(events, { ordered: true })',
      },
    ],
    testFile: unitTests,
    test: 'a change and its events are one transaction',
  },
  {
    name: 'outbox-attempts',
    mechanism: 'an attempt that is rolled back takes its events along',
    invariant: 1,
    edits: [
      {
        file: 'shared/feed/src/outbox.ts',
        search: 'const { result, events, added } = await inTransaction( mongo, async (session) => { const events: OutboxEvent[] = [];',
        replace:
          'const collected: OutboxEvent[] = []; const { result, events, added } = await inTransaction( mongo, async (session) => { const events = collected;',
      },
    ],
    testFile: unitTests,
    test: 'work that runs again after a conflict tells its events once',
  },
  {
    name: 'ordered-append',
    mechanism: 'entries are appended in order, up to the first refusal',
    invariant: 2,
    edits: [
      { file: sequencer, search: 'entries.insertMany(fresh, { ordered: true', replace: 'entries.insertMany(fresh, { ordered: false' },
    ],
    testFile: relayTests,
    test: 'stores nothing behind an entry that was refused',
  },
  {
    name: 'feed-begins-unless-numbered',
    mechanism: 'an event is believed to begin its feed only where no other leader can have numbered it',
    invariant: 2,
    edits: [
      { file: sequencer, search: 'if (!lookUp) for (const { begins = [] } of events)', replace: 'for (const { begins = [] } of events)' },
    ],
    testFile: relayTests,
    test: 'goes on from what another leader has numbered there, whatever the event says',
  },
  {
    name: 'head-durability',
    mechanism: 'heads are stored apart from their entries',
    invariant: 2,
    edits: [{ file: sequencer, search: 'if (changed.size === 0) return;', replace: 'if (changed.size >= 0) return;' }],
    testFile: relayTests,
    test: 'goes on from the durable head when the entries have expired',
  },
  {
    name: 'heads-of-what-is-stored',
    mechanism: 'a durable head is raised only by entries that were stored',
    invariant: 2,
    edits: [
      {
        file: sequencer,
        search: 'if (seq > head) heads.set(feed, seq);',
        replace: 'if (seq > head) heads.set(feed, seq); changed.set(feed, seq);',
      },
    ],
    testFile: relayTests,
    test: 'numbers that were not stored do not raise the durable head',
  },
  {
    name: 'heads-before-position',
    mechanism: 'the position never gets ahead of the heads',
    invariant: 2,
    edits: [
      {
        file: 'services/event-relay/src/leader.ts',
        search: 'await sequencer.flushHeads(); if (next) await states.save(term, next);',
        replace: 'if (next) await states.save(term, next);',
      },
    ],
    testFile: relayTests,
    test: 'the position never gets ahead of the durable heads',
  },
  {
    name: 'takeover-lookup',
    mechanism: 'a new leader looks up what is numbered already',
    invariant: 2,
    edits: [
      {
        file: sequencer,
        search: 'const existing = lookUp ? await alreadyNumbered(events) : new Map<string, number>();',
        replace: 'const existing = new Map<string, number>(); void alreadyNumbered;',
      },
    ],
    testFile: relayTests,
    test: 'finishes a batch that a dead leader left half done',
  },
  {
    name: 'term-check',
    mechanism: 'the position moves only in the present term',
    invariant: 4,
    edits: [
      {
        file: 'services/event-relay/src/relay-state.ts',
        search: "states.updateOne({ _id: 'relay', term }",
        replace: "states.updateOne({ _id: 'relay' }",
      },
    ],
    testFile: relayTests,
    test: 'a leader whose term is over moves the position no more',
  },
  {
    name: 'token-lost-scan',
    mechanism: 'the outbox is scanned when the resume token is lost',
    invariant: 4,
    edits: [
      {
        file: 'services/event-relay/src/leader.ts',
        search: 'if (!isTokenLost(error)) throw error;',
        replace: 'void isTokenLost; if (error) throw error;',
      },
    ],
    testFile: relayTests,
    test: 'scans the outbox when the resume token is lost',
  },
  {
    name: 'redis-recovery',
    mechanism: 'what Redis lost is published and enqueued again',
    invariant: 4,
    edits: [
      {
        file: 'services/event-relay/src/publisher.ts',
        search: 'if (!lost && batch >= expected) return;',
        replace: 'if (!lost || batch >= expected) return;',
      },
    ],
    testFile: relayTests,
    test: 'publishes and enqueues again what Redis has lost, numbering nothing again',
  },
  {
    name: 'outbox-retention',
    mechanism: 'the outbox keeps what still has to notify',
    invariant: 4,
    edits: [{ file: 'services/event-relay/src/janitor.ts', search: 'pending: { $exists: false }', replace: '' }],
    testFile: relayTests,
    test: 'deletes events only behind the watermark, and none that still has to notify',
  },
  {
    name: 'omitted-fields',
    mechanism: 'an audience does not get the fields that it must not see',
    invariant: 6,
    edits: [{ file: 'services/event-relay/src/packet.ts', search: 'omit.length === 0', replace: 'omit.length >= 0' }],
    testFile: relayTests,
    test: 'puts the payload and its place into the packet, without the fields that the audience must not see',
  },
];
