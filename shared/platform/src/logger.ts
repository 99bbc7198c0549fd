import { pino, type Bindings, type ChildLoggerOptions, type DestinationStream, type Logger } from 'pino';
import { mask, maskText } from './mask.js';

export type { Logger };

const explain = pino.stdSerializers.err;
const maskFields = (fields: object): Record<string, unknown> => mask(fields, explain) as Record<string, unknown>;

/**
 * JSON lines on stdout. Secrets are masked wherever they stand: signatures, authorization, cookies, passwords, tickets, tokens and QR codes, by the
 * name of the field at any depth, and by their form in any text.
 */
export function createLogger(options: { name: string; level: string }, destination?: DestinationStream): Logger {
  const settings = {
    name: options.name,
    level: options.level,
    formatters: { log: maskFields },
    // Errors are plain and masked by then.
    serializers: { err: (error: unknown) => error },
    hooks: {
      logMethod(this: Logger, args: Parameters<Logger['info']>, method: (this: Logger, ...args: Parameters<Logger['info']>) => void): void {
        const [first, ...rest] = args as unknown[];
        // pino would take the message from the error, past the masks.
        const said = first instanceof Error && rest.length === 0 ? [{ err: first }, first.message] : [first, ...rest];
        method.apply(this, said.map((part) => (typeof part === 'string' ? maskText(part) : part)) as Parameters<Logger['info']>);
      },
    },
  };
  const logger: Logger = destination ? pino(settings, destination) : pino(settings);
  const child: (this: Logger, fields: Bindings, settings?: ChildLoggerOptions<never>) => Logger = logger.child;
  // pino writes the fields of a child as they are. Children inherit this one.
  return Object.assign(logger, {
    child(this: Logger, fields: Bindings, own?: ChildLoggerOptions<never>): Logger {
      return child.call(this, maskFields(fields), own);
    },
  });
}
