const gateway = 'services/socket-gateway';
const streamTests = `${gateway}/tests/streams.test.ts`;
const endTests = `${gateway}/tests/stream-ends.test.ts`;
const ticketTests = `${gateway}/tests/tickets.test.ts`;
const pollTests = `${gateway}/tests/polls.test.ts`;
const planTests = `${gateway}/tests/plan-streams.test.ts`;
const tickets = 'shared/feed/src/tickets.ts';

/** Of server-sent events, long-poll and tickets. @type {import('./mutations.mjs').Mutation[]} */
export const streamMutations = [
  {
    name: 'ticket-once',
    mechanism: 'a ticket that serves a stream is refused to another one',
    invariant: 6,
    edits: [{ file: tickets, search: '...(again ? {} : { stream: null })', replace: '...(again ? {} : {})' }],
    testFile: ticketTests,
    test: 'a second one is refused while the first is open, on any gateway, and served after it',
  },
  {
    name: 'ticket-taken-back',
    mechanism: 'only who was served before may take a ticket from the stream that it serves',
    invariant: 6,
    edits: [
      {
        file: `${gateway}/src/streams.ts`,
        search: 'await tickets.take(ticket, port, { again: isBack });',
        replace: 'await tickets.take(ticket, port, { again: isBack || position.cursors.length > 0 });',
      },
    ],
    testFile: ticketTests,
    test: 'a second one is refused while the first is open, on any gateway, and served after it',
  },
  {
    name: 'ticket-taken',
    mechanism: 'a stream whose ticket was taken ends, whichever gateway it was taken at',
    invariant: 6,
    edits: [
      {
        file: `${gateway}/src/held-tickets.ts`,
        search: 'if (stream !== undefined && stream !== id && from < asked)',
        replace: 'if (stream !== undefined && stream !== id && from > asked)',
      },
    ],
    testFile: ticketTests,
    test: 'coming back to another gateway takes it from the connection before, which ends with that word',
  },
  {
    name: 'ticket-hash',
    mechanism: 'tickets are hashed at rest',
    invariant: 6,
    edits: [
      {
        file: tickets,
        search: "createHash('sha256').update(ticket).digest('hex')",
        replace: "ticket || createHash('sha256').digest('hex')",
      },
    ],
    testFile: ticketTests,
    test: 'nobody who reads the database can use it',
  },
  {
    name: 'ticket-session',
    mechanism: 'a ticket is good as long as its session',
    invariant: 6,
    edits: [
      {
        file: `${gateway}/src/callers.ts`,
        search:
          "const principal = await access.principal(ticket.userId, ticket.sessionId); if (!principal) throw new Problem('session-revoked');",
        replace:
          'const principal = (await access.principal(ticket.userId, ticket.sessionId)) ?? { userId: ticket.userId, sessionId: ticket.sessionId, roles: [], merchants: [] };',
      },
      // Nobody looks a second time, either.
      {
        file: `${gateway}/src/connection.ts`,
        search: "if (!fresh) return this.port.end('session-revoked', { again: false });",
        replace: 'if (!fresh) return;',
      },
    ],
    testFile: ticketTests,
    test: 'one that is made up, expired, of an ended session, or beside a token is refused',
  },
  {
    name: 'ticket-feeds',
    mechanism: 'a ticket for some feeds opens no others',
    invariant: 6,
    edits: [{ file: `${gateway}/src/callers.ts`, search: 'if (refused) throw', replace: 'if (refused === null) throw' }],
    testFile: ticketTests,
    test: 'and no more than it was made for',
  },
  {
    name: 'last-event-id',
    mechanism: 'a stream is resumed at Last-Event-ID',
    invariant: 3,
    edits: [
      {
        file: `${gateway}/src/streams.ts`,
        search: 'const last = lastEventId(call.req, (text) => positionPattern.test(text));',
        replace: 'const last = lastEventId(call.req, (text) => positionPattern.test(text)) && undefined;',
      },
    ],
    testFile: streamTests,
    test: 'with Last-Event-ID brings what was missed, once and in order, while more is published',
  },
  {
    name: 'stream-buffer',
    mechanism: 'what waits for a stream that is not read is bounded',
    invariant: 3,
    edits: [
      {
        file: `${gateway}/src/transports/sse.ts`,
        search: 'if (!isTaken && this.#buffered > this.options.maxBufferedBytes)',
        replace: 'if (!isTaken && this.#buffered < 0)',
      },
    ],
    testFile: endTests,
    test: 'is cut off at its bound, and comes back with its place',
  },
  {
    name: 'gone-before',
    mechanism: 'a client that has gone before it is let in gets no connection',
    invariant: 3,
    edits: [{ file: `${gateway}/src/streams.ts`, search: 'if (res.destroyed) return;', replace: '' }],
    testFile: endTests,
    test: 'a client that goes before it is let in leaves nothing behind either',
  },
  {
    name: 'stream-rights',
    mechanism: 'the right to each feed of a stream is asked for',
    invariant: 6,
    edits: [
      {
        file: `${gateway}/src/connection.ts`,
        search: 'if (rights[index]?.ok) wanted.set',
        replace: 'if (rights[index]) wanted.set',
      },
    ],
    testFile: streamTests,
    test: 'for each feed, whoever may follow it; one that is refused refuses all',
  },
  {
    name: 'stream-session',
    mechanism: 'a session that ends, ends its streams',
    invariant: 6,
    edits: [{ file: `${gateway}/src/streams.ts`, search: 'if (!isAnonymous) await registry.add(connection);', replace: '' }],
    testFile: streamTests,
    test: 'a session that is revoked ends its streams with that word',
  },
  {
    name: 'stream-right-lost',
    mechanism: 'a right that is lost ends the streams that were opened by it',
    invariant: 6,
    edits: [
      {
        file: `${gateway}/src/connection.ts`,
        search: 'if (this.#named?.some((feed) => !this.#followings.has(feed)))',
        replace: 'if (this.#named?.length === 0)',
      },
    ],
    testFile: streamTests,
    test: 'a right that is lost ends the stream, and coming back says why',
  },
  {
    name: 'stream-expiry',
    mechanism: 'a stream ends with its token',
    invariant: 6,
    edits: [{ file: `${gateway}/src/server.ts`, search: 'if (!client.renews || now >=', replace: 'if (now >=' }],
    testFile: streamTests,
    test: 'a token that expires amid it ends it with that word',
  },
  {
    name: 'place-of-two-epochs',
    mechanism: 'no place is told that is half of another epoch',
    invariant: 3,
    edits: [{ file: `${gateway}/src/transports/place.ts`, search: 'if (this.#stale.size > 0) return undefined;', replace: '' }],
    testFile: streamTests,
    test: 'to another history or past the head is told, and goes on from the head; the place is told when all of it is new',
  },
  {
    name: 'poll-page',
    mechanism: 'a poll tells no place past what it brings',
    invariant: 3,
    edits: [
      {
        file: `${gateway}/src/transports/poll.ts`,
        search: 'if (this.#settled || this.#entries.length >= maxEntries || this.#bytes >= maxBytes) return;',
        replace: 'if (this.#settled || this.#bytes >= maxBytes) return this.place.passed(entry.feed, entry.seq);',
      },
    ],
    testFile: pollTests,
    test: 'brings a page at most, and the rest the next time',
  },
  {
    name: 'anonymous-streams',
    mechanism: 'one address has a bounded number of streams without a login',
    invariant: 6,
    edits: [{ file: `${gateway}/src/address-book.ts`, search: 'if (count >= this.most)', replace: 'if (count < 0)' }],
    testFile: planTests,
    test: 'one address has a bounded number of streams without a login',
  },
];
