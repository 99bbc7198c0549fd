import { existsSync, readdirSync } from 'node:fs';

// Every workspace package is tested from its TypeScript source, so a test never sees a stale build.
const packages = ['shared', 'services', 'clients', 'tools', 'tests']
  .filter((group) => existsSync(group))
  .flatMap((group) => readdirSync(group).map((name) => ({ name, source: `${group}/${name}/src/index.ts` })))
  .filter(({ source }) => existsSync(source));

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/shared', '<rootDir>/services', '<rootDir>/tests', '<rootDir>/tools'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['/dist/', '<rootDir>/\\.tidings/'],
  moduleFileExtensions: ['ts', 'mjs', 'js', 'cjs', 'json', 'node'],
  moduleNameMapper: Object.fromEntries([
    ...packages.map(({ name, source }) => [`^@tidings/${name}$`, `<rootDir>/${source}`]),
    // Our sources import './x.js' as Node will see it after the build; packages keep their own './x.js'.
    ['^(\\.{1,2}/.*)\\.js$', ['$1', '$1.js']],
  ]),
  // Packages that are only published as ES modules, which this jest cannot load as they are.
  transformIgnorePatterns: ['/node_modules/(?!(?:temporal-(polyfill|utils)|any-ascii)/)'],
  transform: {
    '\\.(ts|mjs)$|/(?:temporal-(polyfill|utils)|any-ascii)/.*\\.js$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  globalSetup: '<rootDir>/tests/setup/global-setup.mjs',
  globalTeardown: '<rootDir>/tests/setup/global-teardown.mjs',
  setupFiles: ['<rootDir>/tests/setup/test-file.cjs'],
  testSequencer: '<rootDir>/tests/setup/sequencer.cjs',
  maxWorkers: 2,
  testTimeout: 60_000,
};
