import { afterAll, beforeAll, test } from '@jest/globals';
import fc from 'fast-check';
import { createClock } from './support/cards.js';
import { createDomain, type Domain } from './support/domain.js';
import { beginWalk, expectConserved, steps, type Walk } from './support/points-walk.js';

/** Steps of one long walk, and the seed that repeats one: WALK_STEPS=10000 WALK_SEED=… npx jest services/api/tests/points-walk; WALK_SHRINK=1 looks for the shortest. */
const length = Number(process.env['WALK_STEPS'] ?? 0);
const seed = Number(process.env['WALK_SEED'] ?? Date.now() % 2 ** 31);

const clock = createClock(new Date());
const began = Date.now();
let domain: Domain;
let walked = 0;
beforeAll(async () => {
  domain = await createDomain({ now: clock.now });
});
afterAll(async () => {
  process.stdout.write(`    ${walked} steps with seed ${seed} in ${((Date.now() - began) / 1_000).toFixed(1)} s\n`);
  await domain.stop();
});

const walk = async (commands: Iterable<fc.AsyncCommand<object, Walk>>): Promise<void> => {
  const real = await beginWalk(domain, clock);
  await fc.asyncModelRun(() => ({ model: {}, real }), commands);
  await expectConserved(real);
  walked += real.steps;
};

test(
  'whatever is done with points, none comes from nowhere and none is lost',
  async () => {
    if (length > 0) {
      const [commands = []] = fc.sample(fc.array(steps, { minLength: length, maxLength: length, size: 'max' }), { seed, numRuns: 1 });
      return walk(commands);
    }
    // Short walks can be made shorter yet, so that what fails is a few steps.
    const commands = fc.commands([steps], { maxCommands: 150, size: 'max' });
    await fc.assert(fc.asyncProperty(commands, walk), { seed, numRuns: 5, endOnFailure: process.env['WALK_SHRINK'] === undefined });
  },
  Math.max(180_000, length * 200),
);
