import { pino, type Logger } from 'pino';

export type { Logger };

/** JSON lines on stdout. Tokens, passwords and signatures are masked wherever they stand. */
export function createLogger(options: { name: string; level: string }): Logger {
  return pino({
    name: options.name,
    level: options.level,
    redact: {
      paths: [
        'password',
        'token',
        'accessToken',
        'refreshToken',
        'ticket',
        'secret',
        'authorization',
        '*.password',
        '*.token',
        '*.accessToken',
        '*.refreshToken',
        '*.ticket',
        '*.secret',
        '*.authorization',
        '*.cookie',
        'req.headers.authorization',
        'req.headers.cookie',
        'req.headers["stripe-signature"]',
      ],
      censor: '[masked]',
    },
  });
}
