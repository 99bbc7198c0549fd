const { default: Sequencer } = require('@jest/test-sequencer');

/**
 * The files that take longest, each a minute or more of the run, and when they begin: a fresh clone knows no times, and jest would begin with
 * the largest files, so that these came last, side by side. The two that measure or break whole clusters do not meet: each would slow the other.
 */
const first = [
  'tests/chaos/chaos.test.ts',
  'tests/e2e/fuzz.test.ts',
  'tests/e2e/bad-input.test.ts',
  'tests/simulation/simulation.test.ts',
  'tests/e2e/start-stop.test.ts',
  'tests/bench/bench.test.ts',
  'tests/e2e/rush.test.ts',
  'tests/e2e/stopping.test.ts',
];

/** @param {string} path */
const rank = (path) => {
  const index = first.findIndex((name) => path.endsWith(name));
  return index === -1 ? first.length : index;
};

module.exports = class LongestFirst extends Sequencer {
  /** @override @param {Parameters<import('@jest/test-sequencer').default['sort']>[0]} tests */
  async sort(tests) {
    const sorted = await super.sort(tests);
    return sorted.toSorted((one, other) => rank(one.path) - rank(other.path));
  }
};
