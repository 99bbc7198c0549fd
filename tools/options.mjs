import { parseArgs } from 'node:util';

/**
 * One option of a command. Without `whole` its value is any text; without `value` it has none.
 * @typedef {{ help: string, value?: string, whole?: readonly [least: number, most: number], many?: boolean }} Option
 * @typedef {{ usage: string, about: string, options?: Readonly<Record<string, Option>>, file?: string }} Command
 *   `usage`: how one starts it, without options; `file`: what the one argument that is no option is called
 * @typedef {{ values: Record<string, string | true | string[]>, file: string | undefined }} Given
 */

/** What somebody mistyped: the command ends with this one line and code 2. */
export class UsageError extends Error {}

/** @param {Command} command the text that `--help` shows */
export function describeCommand({ usage, about, options = {}, file }) {
  /** @type {Readonly<Record<string, Option>>} */
  const all = { ...options, help: { help: 'shows this' } };
  const rows = Object.entries(all).map(([name, { value, help, many, whole }]) => ({
    left: `--${name}${value ? ` <${value}>` : ''}`,
    right: `${help}${whole ? `, from ${whole[0]} to ${whole[1]}` : ''}${many ? '; may be given several times' : ''}`,
  }));
  const width = Math.max(...rows.map(({ left }) => left.length));
  const dashes = Object.keys(options).length > 0 ? ' [-- options]' : '';
  return [
    `Usage: ${usage}${file ? ` -- <${file}>` : dashes}`,
    '',
    about,
    '',
    ...rows.map(({ left, right }) => `  ${left.padEnd(width)}  ${right}`),
    '',
  ].join('\n');
}

/**
 * What was asked of a command: its options and file, or `help`.
 * @param {Command} command
 * @param {string[]} args
 * @returns {Given | 'help'} of an option given twice the last value counts, unless it is one of `many`
 * @throws UsageError
 */
export function parseCommand(command, args) {
  const { usage, options = {}, file: named } = command;
  /** @param {string} problem */
  const mistake = (problem) => new UsageError(`${problem}. ${usage} -- --help shows what there is.`);
  // Not strict: Node's own messages are long, and come as a stack.
  const { tokens } = parseArgs({
    args,
    strict: false,
    tokens: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      ...Object.fromEntries(Object.entries(options).map(([name, { value }]) => [name, { type: value ? 'string' : 'boolean' }])),
    },
  });
  /** @type {Given} */
  const given = { values: {}, file: undefined };
  if (tokens.some((token) => token.kind === 'option' && token.name === 'help')) return 'help';
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') {
      if (!named || given.file !== undefined) throw mistake(`"${token.value}" is one argument too many`);
      given.file = token.value;
      continue;
    }
    const { name, rawName, value } = token;
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (!option) throw mistake(`There is no option ${rawName}`);
    if (!option.value) {
      if (value !== undefined) throw mistake(`${rawName} takes no value`);
      given.values[name] = true;
      continue;
    }
    if (!value || value.startsWith('--')) throw mistake(`${rawName} needs a value: ${rawName} <${option.value}>`);
    const [least, most] = option.whole ?? [];
    if (least !== undefined && most !== undefined && !(/^\d+$/.test(value) && Number(value) >= least && Number(value) <= most))
      throw mistake(`${rawName} ${value}: a whole number from ${least} to ${most} is needed`);
    const before = given.values[name];
    given.values[name] = option.many ? [...(Array.isArray(before) ? before : []), value] : value;
  }
  if (named && given.file === undefined) throw mistake(`The ${named} is missing`);
  return given;
}

/**
 * For the beginning of a command, before anything is installed or built: `--help` shows how it is used and ends the process.
 * @param {Command} command
 * @returns {Given}
 * @throws UsageError
 */
export function readCommandLine(command, args = process.argv.slice(2)) {
  const given = parseCommand(command, args);
  if (given !== 'help') return given;
  process.stdout.write(describeCommand(command));
  process.exit(0);
}
