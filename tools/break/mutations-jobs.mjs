const workerTests = 'services/notification-worker/tests/worker.test.ts';
const jobsTests = 'shared/platform/tests/jobs-of-the-dead.test.ts';
const jobs = 'shared/platform/src/jobs.ts';

/** Of notifications and jobs. @type {import('./mutations.mjs').Mutation[]} */
export const jobMutations = [
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
      { file: 'services/notification-worker/src/handle-event.ts', search: '.modifiedCount;', replace: '.matchedCount;' },
      { file: 'shared/feed/src/notifications.ts', search: '`${eventId}_${userId}`', replace: '`${eventId}_${userId}_${Math.random()}`' },
    ],
    testFile: workerTests,
    test: 'is handled once, however often its job is added and whoever takes it',
  },
  {
    name: 'notified-alone',
    mechanism: 'what is wrong with one event fails nobody who shares its transaction',
    invariant: 4,
    edits: [
      {
        file: 'services/notification-worker/src/handle-event.ts',
        search: 'return new Set(events.map(({ _id }) => _id));',
        replace: "throw new Error('One of them failed');",
      },
    ],
    testFile: workerTests,
    test: 'is handled whatever is wrong with those that share its transaction',
  },
  {
    name: 'notified-in-company',
    mechanism: 'an event of a job for several that fails gets a job of its own',
    invariant: 4,
    edits: [
      {
        file: 'services/notification-worker/src/consumer.ts',
        search: 'await enqueueDomainEvents(queue, [event])',
        replace: 'await Promise.resolve()',
      },
    ],
    testFile: workerTests,
    test: 'gets a job of its own when it came in one with others, and they go on',
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
    name: 'late-events',
    mechanism: 'events that the queue keeps for too long are handled without it',
    invariant: 4,
    edits: [
      {
        file: 'services/notification-worker/src/sweeper.ts',
        search: 'await handleLate();',
        replace: 'void handleLate;',
      },
    ],
    testFile: workerTests,
    test: 'is handled without the queue when that keeps it for too long',
  },
  {
    name: 'jobs-sweeper',
    mechanism: 'jobs that Redis lost are added again',
    invariant: 4,
    edits: [
      {
        file: jobs,
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
        file: jobs,
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
    edits: [{ file: jobs, search: 'stalledInterval: 2_500', replace: 'stalledInterval: 3_600_000' }],
    testFile: jobsTests,
    test: 'a job in the hands of a process that died is done by another one',
  },
  {
    name: 'job-starts',
    mechanism: 'a job that kills its process is given up in the end',
    invariant: 4,
    edits: [{ file: jobs, search: 'if ((job.started ?? 0) > maxStarts) return giveUp(job);', replace: 'void giveUp;' }],
    testFile: jobsTests,
    test: 'a job that kills whoever takes it up fails for good in the end, and not for those that were slow',
  },
];
