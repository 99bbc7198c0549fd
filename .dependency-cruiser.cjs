/** Imports go one way: contracts <- platform <- feed <- services. */
/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'Every import must lead somewhere, or the other rules would not see it.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'contracts-import-only-zod',
      comment: 'The contract is shared with browsers: it may depend on nothing but zod (and its OpenAPI writer).',
      severity: 'error',
      from: { path: '^shared/contracts/src/', pathNot: '\\.test\\.ts$' },
      to: { pathNot: ['^shared/contracts/', '(^|/)node_modules/(zod|@asteasolutions/zod-to-openapi)/'] },
    },
    {
      name: 'platform-below-feed',
      severity: 'error',
      from: { path: '^shared/platform/src/' },
      to: { path: '^(shared/(feed|testing)|services|tools|tests)/' },
    },
    {
      name: 'feed-below-services',
      severity: 'error',
      from: { path: '^shared/feed/src/' },
      to: { path: '^(shared/testing|services|tools|tests)/' },
    },
    {
      name: 'services-apart',
      comment: 'Services meet in the database, the bus and the contract, never in code.',
      severity: 'error',
      from: { path: '^services/([^/]+)/src/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(services|shared/testing|tools|tests)/', pathNot: '^services/$1/' },
    },
    {
      name: 'service-tests-apart',
      comment: 'A test of one service reaches another one through shared/testing, as a client would.',
      severity: 'error',
      from: { path: ['^services/([^/]+)/tests/', '^services/([^/]+)/src/.*\\.test\\.ts$'] },
      to: { path: '^services/([^/]+)/', pathNot: '^services/$1/' },
    },
    {
      name: 'modules-by-their-index',
      comment: 'A domain module is imported from outside by its index only.',
      severity: 'error',
      from: { path: '^services/api/src/modules/([^/]+)/' },
      to: { path: '^services/api/src/modules/([^/]+)/', pathNot: ['^services/api/src/modules/$1/', '/index\\.ts$'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|coverage)/' },
    parser: 'swc',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.tests.json' },
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.cjs', '.js', '.json'],
    },
  },
};
