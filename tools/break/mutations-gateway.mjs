const lossTests = 'services/socket-gateway/tests/loss.test.ts';
const rightsTests = 'services/socket-gateway/tests/rights.test.ts';
const deliveryTests = 'services/socket-gateway/tests/delivery.test.ts';
const connection = 'services/socket-gateway/src/connection.ts';

/** Of the way from the entries to the screens. @type {import('./mutations.mjs').Mutation[]} */
export const gatewayMutations = [
  {
    name: 'gap-repair',
    mechanism: 'a gap is filled from the log',
    invariant: 3,
    edits: [
      {
        file: 'services/socket-gateway/src/hubs.ts',
        search: 'function scheduleRepair(hub: Hub): void {',
        replace: 'function scheduleRepair(hub: Hub): void { if (hub) return;',
      },
    ],
    testFile: lossTests,
    test: 'in the middle is filled from the log, in order, before what came after it',
  },
  {
    name: 'periodic-sweep',
    mechanism: 'the durable heads are compared every few seconds',
    invariant: 8,
    edits: [
      {
        file: 'services/socket-gateway/src/hubs.ts',
        search: 'for (const [feed, head] of heads) hubs.get(feed)?.expect(head);',
        replace: 'void heads;',
      },
    ],
    testFile: lossTests,
    test: 'at the end is found without anything coming after it',
  },
  {
    name: 'repeats-dropped',
    mechanism: 'what the bus brings twice is delivered once',
    invariant: 3,
    edits: [
      {
        file: 'services/socket-gateway/src/hub.ts',
        search: 'if (entry.seq <= this.head) continue;',
        replace: 'if (entry.seq <= this.head) { this.#append(entry); continue; }',
      },
    ],
    testFile: lossTests,
    test: 'what it repeats or reorders is put right',
  },
  {
    name: 'epoch-check',
    mechanism: 'a cursor of another history is not continued',
    invariant: 3,
    edits: [
      {
        file: 'services/socket-gateway/src/join.ts',
        search: 'if (options.epoch !== undefined && options.epoch !== hubs.epoch)',
        replace: 'if (options.epoch === "")',
      },
    ],
    testFile: lossTests,
    test: 'because it is ahead of the feed, of another epoch, or too far behind',
  },
  {
    name: 'slow-client-bound',
    mechanism: 'what waits for a slow client is bounded',
    invariant: 3,
    edits: [
      {
        file: 'services/socket-gateway/src/server.ts',
        search: 'maxBufferedBytes: tuning.maxBufferedBytes',
        replace: 'maxBufferedBytes: Infinity',
      },
    ],
    testFile: lossTests,
    test: 'a client that reads nothing is disconnected at its bound, and comes back with its cursor',
  },
  {
    name: 'cut-over',
    mechanism: 'a client hears live entries only when the replay has caught up',
    invariant: 3,
    edits: [
      {
        file: 'services/socket-gateway/src/join.ts',
        search: 'let sent = options.since;',
        replace: 'onJoined(); let sent = options.since;',
      },
    ],
    testFile: deliveryTests,
    test: 'a client that comes back gets what it missed, once and in order, while more is published',
  },
  {
    name: 'replay-order',
    mechanism: 'a replay is read in the order of the numbers',
    invariant: 3,
    edits: [
      {
        file: 'shared/feed/src/feed-log.ts',
        search: 'sort: { _id: 1 }, batchSize: 5_000',
        replace: 'sort: { _id: -1 }, batchSize: 5_000',
      },
    ],
    testFile: deliveryTests,
    test: 'a client that comes back gets what it missed, once and in order, while more is published',
  },
  {
    name: 'session-at-connect',
    mechanism: 'connecting checks the session, not just the token',
    invariant: 6,
    edits: [
      {
        file: 'services/socket-gateway/src/authenticate.ts',
        search: 'const principal = await access.principal(claims.sub, claims.sid);',
        replace:
          'void access; const principal: Principal | null = { userId: claims.sub, sessionId: claims.sid, roles: ["customer"], merchants: [] };',
      },
    ],
    testFile: deliveryTests,
    test: 'is refused with an expired token, for another user, for an ended session, and with bad cursors',
  },
  {
    name: 'dedupe-on-join',
    mechanism: 'a feed that another one brings is not followed twice',
    invariant: 3,
    edits: [
      {
        file: connection,
        search: 'const via = this.#followings.bringing(right.containers);',
        replace: 'const via = this.#followings.bringing([]);',
      },
    ],
    testFile: rightsTests,
    test: 'one that is brought already adds nothing',
  },
  {
    name: 'rights-check',
    mechanism: 'a feed is followed only by those who may',
    invariant: 6,
    edits: [
      {
        file: 'shared/feed/src/access.ts',
        search: "if (rule === 'deny') return { ok: false, containers: [] };",
        replace: "if (rule === 'deny') return { ok: true, containers: [] };",
      },
      // The check after joining would find it too.
      {
        file: 'services/socket-gateway/src/followings.ts',
        search: 'if (may(feed, following.containers)) continue;',
        replace: 'if (may(feed, following.containers) || feed) continue;',
      },
    ],
    testFile: rightsTests,
    test: 'feeds of others are refused, by subscribe, by alias and by cursor; the connection stays',
  },
  {
    name: 'rights-after-join',
    mechanism: 'rights are checked again after joining',
    invariant: 6,
    edits: [
      {
        file: connection,
        search: 'await this.checkRights(); if (following.dropped)',
        replace: 'if (following.dropped)',
      },
    ],
    testFile: rightsTests,
    test: 'a right that ends while a feed is joined is seen after joining',
  },
  {
    name: 'revocation',
    mechanism: 'an ended session ends its connections',
    invariant: 6,
    edits: [
      {
        file: 'services/socket-gateway/src/registry.ts',
        search: "if (entry.type === 'session-revoked') {",
        replace: "if (entry.type === '') {",
      },
    ],
    testFile: rightsTests,
    test: 'a revocation that the bus lost counts too',
  },
  {
    name: 'access-changed',
    mechanism: 'a right that was taken ends on live connections',
    invariant: 6,
    edits: [
      {
        file: 'services/socket-gateway/src/registry.ts',
        search: "} else if (entry.type === 'access-changed') {",
        replace: "} else if (entry.type === '') {",
      },
    ],
    testFile: rightsTests,
    test: 'a member who leaves a merchant hears no more of it; one who joins does',
  },
  {
    name: 'connections-of-one',
    mechanism: 'one user holds no more connections than a person could need',
    invariant: 6,
    edits: [
      {
        file: 'services/socket-gateway/src/registry.ts',
        search: 'const maxConnectionsOfUser = 50;',
        replace: 'const maxConnectionsOfUser = 5_000;',
      },
    ],
    testFile: deliveryTests,
    test: 'is refused to a user who holds as many as a person could need; one that ends makes room',
  },
  {
    name: 'refusal-by-outage',
    mechanism: 'who connects while the database is away is not refused but cut off, and tries again',
    invariant: 4,
    edits: [
      {
        file: 'services/socket-gateway/src/transports/socketio.ts',
        search: 'if (!(error instanceof Problem)) socket.conn.close();',
        replace: '',
      },
    ],
    testFile: 'tests/e2e/database-away.test.ts',
    test: 'a stock client that comes back while the database is away tries again until it is there',
  },
  {
    name: 'reducer-version',
    mechanism: 'a screen keeps the highest version, in whatever order it hears',
    invariant: 7,
    edits: [
      {
        file: 'shared/contracts/src/reduce.ts',
        search: 'return current && current.version >= next.version ? current : next;',
        replace: 'return current === next ? current : next;',
      },
    ],
    testFile: 'shared/contracts/src/wallet/reduce.test.ts',
    test: 'an event that the fetched state already holds changes nothing',
  },
];
