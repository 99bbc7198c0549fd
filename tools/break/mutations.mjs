import { administrationMutations } from './mutations-administration.mjs';
import { codeMutations } from './mutations-codes.mjs';
import { webhookMutations } from './mutations-webhooks.mjs';
import { paymentMutations } from './mutations-payments.mjs';
import { vendorMutations } from './mutations-vendors.mjs';
import { historyMutations } from './mutations-history.mjs';
import { orderMutations } from './mutations-orders.mjs';

/**
 * The mechanisms behind the invariants of docs/architecture.md, each with the change that switches it off and the test that must see it.
 * Formatting does not matter to `search`, which must be found exactly once.
 * @typedef {object} Mutation
 * @property {string} name for `--only`
 * @property {string} mechanism
 * @property {number} invariant its number in the architecture
 * @property {{ file: string, search: string, replace: string }[]} edits
 * @property {string} testFile
 * @property {string} test the test's own name
 */

const relayTests = 'services/event-relay/tests/relay.test.ts';
const lossTests = 'services/socket-gateway/tests/loss.test.ts';
const rightsTests = 'services/socket-gateway/tests/rights.test.ts';
const deliveryTests = 'services/socket-gateway/tests/delivery.test.ts';
const workerTests = 'services/notification-worker/tests/worker.test.ts';
const walletTests = 'services/api/src/modules/wallet/wallet.service.test.ts';
const ordersTests = 'services/api/src/modules/orders/orders.service.test.ts';
const httpTests = 'services/api/tests/http.test.ts';
const unitTests = 'shared/feed/tests/unit-of-work.test.ts';
const jobsTests = 'shared/platform/tests/jobs-of-the-dead.test.ts';
const sequencer = 'services/event-relay/src/sequencer.ts';
const ledger = 'services/api/src/modules/wallet/ledger.ts';

/** @type {Mutation[]} */
export const mutations = [
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
        file: 'services/socket-gateway/src/connection.ts',
        search: 'const via = right.containers.find((around) => this.#following.has(around));',
        replace: 'const via = right.containers.find(() => false);',
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
        file: 'services/socket-gateway/src/connection.ts',
        search: 'if (mayStillFollow(fresh, own, feed, following.containers)) continue;',
        replace: 'if (mayStillFollow(fresh, own, feed, following.containers) || fresh) continue;',
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
        file: 'services/socket-gateway/src/connection.ts',
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
    name: 'session-in-api',
    mechanism: 'each request checks the session, not just the token',
    invariant: 6,
    edits: [{ file: 'shared/feed/src/access.ts', search: 'session.revokedAt ||', replace: '' }],
    testFile: 'services/api/tests/identity.test.ts',
    test: 'logging out ends the session at once',
  },
  {
    name: 'notified-once',
    mechanism: 'an event is claimed, and its notifications have names of their own',
    invariant: 4,
    edits: [
      {
        file: 'services/notification-worker/src/handle-event.ts',
        search: 'const filter = { _id: { $in: events.map(({ _id }) => _id) }, pending: true as const };',
        replace: 'const filter = { _id: { $in: events.map(({ _id }) => _id) } };',
      },
      { file: 'shared/feed/src/notifications.ts', search: '`${eventId}_${userId}`', replace: '`${eventId}_${userId}_${Math.random()}`' },
    ],
    testFile: workerTests,
    test: 'is handled once, however often its job is added and whoever takes it',
  },
  {
    name: 'notification-names',
    mechanism: 'a notification that an earlier run wrote is known by its name',
    invariant: 4,
    edits: [
      { file: 'shared/feed/src/notifications.ts', search: '`${eventId}_${userId}`', replace: '`${eventId}_${userId}_${Math.random()}`' },
    ],
    testFile: workerTests,
    test: 'goes on where an earlier worker was killed',
  },
  {
    name: 'sweeper',
    mechanism: 'events whose job Redis lost get it again',
    invariant: 4,
    edits: [
      {
        file: 'services/notification-worker/src/sweeper.ts',
        search: 'await enqueueDomainEvents(queue, page);',
        replace: 'void enqueueDomainEvents;',
      },
    ],
    testFile: workerTests,
    test: 'is added again by the sweeper',
  },
  {
    name: 'jobs-sweeper',
    mechanism: 'jobs that Redis lost are added again',
    invariant: 4,
    edits: [
      {
        file: 'shared/platform/src/jobs.ts',
        search: 'const sweep = async (): Promise<void> => {',
        replace: 'const sweep = async (): Promise<void> => { if (handlers) return;',
      },
    ],
    testFile: 'shared/platform/tests/jobs.test.ts',
    test: 'is found by the sweeper when nobody told Redis of it, or Redis forgot',
  },
  {
    name: 'job-claim',
    mechanism: 'a job ends in the transaction of its work, once',
    invariant: 5,
    edits: [
      {
        file: 'shared/platform/src/jobs.ts',
        search: "collection.updateOne({ _id: key, state: 'due' }, { $set: { state: 'done',",
        replace: "collection.updateOne({ _id: key }, { $set: { state: 'done',",
      },
    ],
    testFile: jobsTests,
    test: 'a job that two processes have in hand does its work once',
  },
  {
    name: 'job-taken-over',
    mechanism: 'the job of a process that was killed is taken up by another one, within seconds',
    invariant: 4,
    edits: [{ file: 'shared/platform/src/jobs.ts', search: 'stalledInterval: 2_500', replace: 'stalledInterval: 3_600_000' }],
    testFile: jobsTests,
    test: 'a job in the hands of a process that died is done by another one',
  },
  {
    name: 'idempotency-transaction',
    mechanism: 'the record of a key is written with the change',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/http/idempotency.ts',
        search: 'events: [], expiresAt }, { session: tx.session });',
        replace: 'events: [], expiresAt }, {});',
      },
    ],
    testFile: httpTests,
    test: 'a thrown refusal leaves nothing behind, so the key may be tried again',
  },
  {
    name: 'idempotency-record',
    mechanism: 'a key that was used gets its first answer',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/http/idempotency.ts',
        search: "sha256(JSON.stringify([caller ?? 'public', route, key]))",
        replace: "sha256(JSON.stringify([caller ?? 'public', route, key, Math.random()]))",
      },
    ],
    testFile: httpTests,
    test: 'at once, eight requests with one key make one change and get one answer',
  },
  {
    name: 'balance-guard',
    mechanism: 'a balance is debited only when it covers the debit',
    invariant: 5,
    edits: [{ file: ledger, search: 'balance: { $gte: -amount }', replace: '' }],
    testFile: walletTests,
    test: 'of fifty payments at once with money for ten, exactly ten are made',
  },
  {
    name: 'zero-sum',
    mechanism: 'a transfer sums to zero, or is not written',
    invariant: 5,
    edits: [{ file: ledger, search: 'if (legs.reduce((sum, { amount }) => sum + amount, 0) !== 0)', replace: 'if (legs.length === 0)' }],
    testFile: walletTests,
    test: 'a transfer that does not sum to zero, or is of two currencies, is never written',
  },
  {
    name: 'transfer-key',
    mechanism: 'a transfer is named by its key, for ever',
    invariant: 5,
    edits: [
      {
        file: ledger,
        search: 'const { key, legs, ...facts } = transfer;',
        replace: 'const { key: given, legs, ...facts } = transfer; const key = given + newId();',
      },
    ],
    testFile: walletTests,
    test: 'the same key twenty times at once moves the money once, and all get the first transfer',
  },
  {
    name: 'roll-up-marks',
    mechanism: 'a roll-up marks what it has included',
    invariant: 5,
    edits: [{ file: ledger, search: '{ $unset: { pending: 1 } }', replace: '{ $set: { pending: true } }' }],
    testFile: walletTests,
    test: 'roll-ups of several replicas at once, while payments go on, include each posting once',
  },
  {
    name: 'webhook-dedupe',
    mechanism: "a provider's event that is known changes nothing",
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/webhooks/webhooks.service.ts',
        search: 'if (await deliveries.exists({ _id }).session(tx.session)) return;',
        replace: '',
      },
    ],
    testFile: 'services/api/tests/wallet.test.ts',
    test: 'a signed webhook completes a top-up; sending it again changes nothing',
  },
  {
    name: 'state-machine',
    mechanism: 'an order moves only from where it is',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/orders/order-steps.ts',
        search: 'if (!mayStep(mover, order.status, status) && !isNewEstimate(mover, order, to))',
        replace: 'if (mayStep === undefined)',
      },
    ],
    testFile: ordersTests,
    test: 'of a cancellation and a beginning at the same time exactly one wins',
  },
  {
    name: 'version-check',
    mechanism: 'a change is made to the version that the caller saw',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/orders/order-steps.ts',
        search: 'checkIfMatch(ifMatch, order.version, () => presentOrder(order));',
        replace: '',
      },
    ],
    testFile: ordersTests,
    test: 'a version that is no longer the newest is refused with the order as it is',
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
  {
    name: 'connections-of-one',
    mechanism: 'one user holds no more connections than a person could need',
    invariant: 6,
    edits: [
      {
        file: 'services/socket-gateway/src/transports/socketio.ts',
        search: 'const maxConnectionsOfUser = 50;',
        replace: 'const maxConnectionsOfUser = 5_000;',
      },
    ],
    testFile: deliveryTests,
    test: 'is refused to a user who holds as many as a person could need; one that ends makes room',
  },
  {
    name: 'refresh-grace',
    mechanism: 'the refresh token before the newest is good for a moment only',
    invariant: 6,
    edits: [
      { file: 'services/api/src/modules/identity/sessions.ts', search: 'const graceMs = 30_000;', replace: 'const graceMs = 3_600_000;' },
    ],
    testFile: 'services/api/tests/identity.test.ts',
    test: 'so does the one before the newest, once there was time to hear of the newest',
  },
  {
    name: 'refresh-lost-answer',
    mechanism: 'whoever lost the answer of a refresh asks again',
    invariant: 6,
    edits: [{ file: 'services/api/src/modules/identity/sessions.ts', search: 'const graceMs = 30_000;', replace: 'const graceMs = 0;' }],
    testFile: 'services/api/tests/identity.test.ts',
    test: 'whoever lost the answer asks again and gets another one',
  },
  {
    name: 'members-turns',
    mechanism: "changes of a merchant's members take turns",
    invariant: 6,
    edits: [
      {
        file: 'services/api/src/modules/merchants/members.ts',
        search: '{ $inc: { membersVersion: 1 } },\n      { session: tx.session },',
        replace: '{ $inc: { membersVersion: 1 } },',
      },
    ],
    testFile: 'services/api/src/modules/merchants/merchants.service.test.ts',
    test: 'stays, whether two remove each other at once or leave at once',
  },
  {
    name: 'job-starts',
    mechanism: 'a job that kills its process is given up in the end',
    invariant: 4,
    edits: [
      { file: 'shared/platform/src/jobs.ts', search: 'if ((job.started ?? 0) > maxStarts) return giveUp(job);', replace: 'void giveUp;' },
    ],
    testFile: jobsTests,
    test: 'a job that kills whoever takes it up fails for good in the end, and not for those that were slow',
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
  ...administrationMutations,
  ...historyMutations,
  ...webhookMutations,
  ...orderMutations,
  ...paymentMutations,
  ...vendorMutations,
  ...codeMutations,
];
