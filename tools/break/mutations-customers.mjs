const folder = 'services/api/src/modules/customers';
const customerTests = `${folder}/customers.test.ts`;
const analyticsTests = `${folder}/analytics.test.ts`;
const csvTests = 'services/api/src/http/csv.test.ts';

/** Of what a business sees of its customers: files and figures. @type {import('./mutations.mjs').Mutation[]} */
export const customerMutations = [
  {
    name: 'csv-formula',
    mechanism: 'a cell that begins like a formula is a text',
    invariant: 6,
    edits: [{ file: 'services/api/src/http/csv.ts', search: 'escape_formulas: true', replace: 'escape_formulas: false' }],
    testFile: 'services/api/tests/exports.test.ts',
    test: '5,000 customers come as one file, whatever they are called, and none of it is a formula',
  },
  {
    name: 'csv-formula-inside',
    mechanism: 'nor does one begin behind a separator within the cell',
    invariant: 6,
    edits: [{ file: 'services/api/src/http/csv.ts', search: '.replaceAll(formulaInside, "$1\'$2")', replace: '' }],
    testFile: 'services/api/tests/exports.test.ts',
    test: '5,000 customers come as one file, whatever they are called, and none of it is a formula',
  },
  {
    name: 'csv-backpressure',
    mechanism: 'a file is read as fast as it is taken',
    invariant: 6,
    edits: [
      {
        file: 'services/api/src/http/csv.ts',
        search: 'for await (const page of pages)',
        replace: 'const all = []; for await (const page of pages) if (all.push(page) > 100) break; for (const page of all)',
      },
    ],
    testFile: csvTests,
    test: 'is read as fast as it is taken, and no further when who takes it goes away',
  },
  {
    name: 'export-rights',
    mechanism: 'the file of customers is for who may see the list',
    invariant: 6,
    edits: [{ file: `${folder}/customers.service.ts`, search: 'assertMember(caller, merchantId);', replace: '' }],
    testFile: customerTests,
    test: 'is for members and administrators, and who took which is in the audit log',
  },
  {
    name: 'export-audited',
    mechanism: 'what leaves the house is in the audit log',
    invariant: 6,
    edits: [{ file: `${folder}/customers.service.ts`, search: "action: 'merchant.export'", replace: "action: 'merchant.exported'" }],
    testFile: customerTests,
    test: 'is for members and administrators, and who took which is in the audit log',
  },
  {
    name: 'view-of-gone',
    mechanism: 'of who is not on its list a business reads no more than the enrollments',
    invariant: 6,
    edits: [{ file: `${folder}/customers.service.ts`, search: 'if (!customer) {', replace: 'if (!customer && told.length === 0) {' }],
    testFile: customerTests,
    test: 'leads to what there is of one: what happened last, and of who is not on it what the business was told',
  },
  {
    name: 'figures-reversed',
    mechanism: 'what was taken back of awards is a figure of its own',
    invariant: 5,
    edits: [
      {
        file: `${folder}/counting.ts`,
        search: "if (delta < 0 && source === 'reversal') return { reversed: -delta };",
        replace: '',
      },
    ],
    testFile: analyticsTests,
    test: 'figures show what was issued, and apart from it what was taken back',
  },
  {
    name: 'figures-conversion',
    mechanism: 'an acceptance counts on the day of its request, else a rate is of different people',
    invariant: 7,
    edits: [
      {
        file: `${folder}/counting.ts`,
        search: 'add(timeOf(interaction.scannedAt), scanAdditionsOf(interaction));',
        replace: 'add(time, scanAdditionsOf(interaction));',
      },
    ],
    testFile: analyticsTests,
    test: 'conversion is of the requests that scans made, on their day; wishes, requests by hand and enrollments at once are not in it',
  },
  {
    name: 'figures-rest',
    mechanism: 'a count that fails rests before it is tried again',
    invariant: 4,
    edits: [
      {
        file: `${folder}/figures.ts`,
        search: 'const due = waiting.filter((id) => (resting.get(id)?.until ?? 0) <= now());',
        replace: 'const due = waiting;',
      },
    ],
    testFile: analyticsTests,
    test: 'a count that fails rests longer each time, and is made up for',
  },
  {
    name: 'figures-of-gone',
    mechanism: 'what a business left behind that is gone is counted',
    invariant: 4,
    edits: [
      {
        file: `${folder}/figures.ts`,
        search: "(await merchants.find(merchantId, tx))?.timeZone ?? 'UTC'",
        replace: '(await merchants.get(merchantId, tx)).timeZone',
      },
    ],
    testFile: analyticsTests,
    test: 'figures of a business that is gone are counted, too',
  },
  {
    name: 'figures-owed',
    mechanism: 'what is owed has what no roll-up has included',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/wallet/ledger.ts',
        search: 'sum + balance, open?.amount ?? 0)',
        replace: 'sum + balance, 0 * (open?.amount ?? 0))',
      },
    ],
    testFile: 'services/api/src/modules/customers/analytics.test.ts',
    test: 'figures show what is owed with what no roll-up has included, and leave the roll-up to others',
  },
  {
    name: 'figures-once',
    mechanism: 'what was counted is marked with the count, in one transaction',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/customers/figures.ts',
        search: '{ $unset: { pending: 1 } }',
        replace: '{ $set: { pending: true } }',
      },
      // Else one round would count for ever.
      {
        file: 'services/api/src/modules/customers/figures.ts',
        search: 'while ((await unitOfWork.run({ actor: null }, (tx) => count(tx, merchantId))).result);',
        replace: 'await unitOfWork.run({ actor: null }, (tx) => count(tx, merchantId));',
      },
    ],
    testFile: 'services/api/src/modules/customers/analytics.test.ts',
    test: 'figures count each happening once, however many rounds meet on it, and tell the business',
  },
];
