import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseCommand, UsageError } from './options.mjs';

const command = {
  usage: 'npm run x',
  about: 'Does x.',
  options: {
    times: { value: 'n', whole: [1, 20] as const, help: 'how often' },
    only: { value: 'name', many: true, help: 'this alone' },
    short: { help: 'less of it' },
  },
};

describe('options of a command', () => {
  test('are read in any form', () => {
    expect(parseCommand(command, ['--times', '3', '--only=a', '--only', 'b', '--short'])).toEqual({
      values: { times: '3', only: ['a', 'b'], short: true },
      file: undefined,
    });
    expect(parseCommand({ ...command, file: 'file' }, ['-x'.slice(1)])).toEqual({ values: {}, file: 'x' });
  });

  test.each([
    [['--tims', '3'], 'There is no option --tims.'],
    [['--constructor'], 'There is no option --constructor.'],
    [['-q'], 'There is no option -q.'],
    [['--times'], '--times needs a value: --times <n>.'],
    [['--times', '--short'], '--times needs a value: --times <n>.'],
    [['--times', '21'], '--times 21: a whole number from 1 to 20 is needed.'],
    [['--times', '1e1'], '--times 1e1: a whole number from 1 to 20 is needed.'],
    [['--short=yes'], '--short takes no value.'],
    [['more'], '"more" is one argument too many.'],
  ])('mistyped, %j, they are refused in one line', (args, message) => {
    expect(() => parseCommand(command, args)).toThrow(new UsageError(`${message} npm run x -- --help shows what there is.`));
  });

  test('a file that is missing, or one too many, is refused', () => {
    const withFile = { ...command, file: 'file' };
    expect(() => parseCommand(withFile, [])).toThrow('The file is missing.');
    expect(() => parseCommand(withFile, ['a', 'b'])).toThrow('"b" is one argument too many.');
  });
});

describe.each([
  ['start.mjs', 'npm start'],
  ['demo.mjs', 'npm run demo'],
  ['cluster.mjs', 'npm run cluster'],
  ['chaos.mjs', 'npm run chaos'],
  ['bench.mjs', 'npm run bench'],
  ['break.mjs', 'npm run break'],
  ['simulate.mjs', 'npm run simulate:festival'],
  ['verify-screen.mjs', 'npm run verify-screen'],
  ['audit-verify.mjs', 'npm run audit:verify'],
])('%s', (file, usage) => {
  const run = (...args: string[]) => spawnSync(process.execPath, [join(__dirname, file), ...args], { encoding: 'utf8', timeout: 20_000 });

  test('says how it is used, and does nothing else', () => {
    const { status, stdout, stderr } = run('--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: ${usage}\\b`));
    expect(stdout).toContain('--help');
  });

  test('refuses an option that it has not, in one line', () => {
    const { status, stdout, stderr } = run('--mistyped');
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: `There is no option --mistyped. ${usage} -- --help shows what there is.\n`,
    });
  });
});
