/** What another system tells of merchants through Cloudinary; see mutations.mjs. */

const cloudinary = 'services/api/src/modules/webhooks/sources/cloudinary.ts';
const sourceTests = 'services/api/src/modules/webhooks/sources.test.ts';
const merchantSync = 'services/api/src/modules/merchant-sync/merchant-sync.ts';
const merchantNewsTests = 'services/api/src/modules/webhooks/cloudinary.test.ts';

/** @type {import('./mutations.mjs').Mutation[]} */
export const merchantSyncMutations = [
  {
    name: 'cloudinary-signature',
    mechanism: "Cloudinary's signature is of this body and time, by this secret",
    invariant: 5,
    edits: [{ file: cloudinary, search: 'if (!algorithm || !isSame(', replace: 'if (!algorithm && !isSame(' }],
    testFile: sourceTests,
    test: 'another body, time, secret or form of the signature is refused by both',
  },
  {
    name: 'cloudinary-tolerance',
    mechanism: "Cloudinary's signature is good for two hours",
    invariant: 5,
    edits: [{ file: cloudinary, search: 'if (age > tolerance || age < -ahead) throw', replace: 'if (Number.isNaN(age)) throw' }],
    testFile: sourceTests,
    test: 'one is good for two hours, and may be of a clock that is a little ahead',
  },
  {
    name: 'cloudinary-replay',
    mechanism: 'a message of Cloudinary that has no name is known by its body and what signed it',
    invariant: 5,
    edits: [
      {
        file: cloudinary,
        search: "createHash('sha256').update(body).digest('hex')}`);",
        replace: "createHash('sha256').update(`${body}${Math.random()}`).digest('hex')}`);",
      },
    ],
    testFile: merchantNewsTests,
    test: 'the same news ten times at once, signed once or again, make one merchant',
  },
  {
    name: 'merchant-news-order',
    mechanism: 'older news of a merchant does not undo newer',
    invariant: 7,
    edits: [{ file: merchantSync, search: 'if (merchantAt < newestOf(merchant, link)) return older;', replace: '' }],
    testFile: merchantNewsTests,
    test: 'what is older than what was told, or was changed here, changes nothing',
  },
  {
    name: 'subscription-news-order',
    mechanism: 'older news of a subscription does not undo newer',
    invariant: 7,
    edits: [{ file: merchantSync, search: 'if (link.subscriptionAt && subscriptionAt < link.subscriptionAt) return older;', replace: '' }],
    testFile: merchantNewsTests,
    test: 'has the plan, status, end and notes that are told, and is not changed by what it is already',
  },
  {
    name: 'merchant-news-refused',
    mechanism: 'news that a subscription’s states refuse is held for a person, not tried again',
    invariant: 7,
    edits: [
      {
        file: merchantSync,
        search: "const refusals: readonly string[] = ['invalid-transition',",
        replace: 'const refusals: readonly string[] = [',
      },
    ],
    testFile: merchantNewsTests,
    test: 'that is ended by it stops selling; a step that its states do not have is a refusal that is seen, not tried for ever',
  },
  {
    name: 'logo-origin',
    mechanism: 'a logo is read from where media are, and from nowhere else',
    invariant: 6,
    edits: [
      {
        file: 'services/api/src/modules/merchant-sync/logo-source.ts',
        search: "if (url.origin !== new URL(origin).origin || url.username !== '') return",
        replace: "if (url.protocol === 'ftp:') return",
      },
    ],
    testFile: merchantNewsTests,
    test: 'that is not there yet waits; what is no picture, or is elsewhere, is refused',
  },
];
