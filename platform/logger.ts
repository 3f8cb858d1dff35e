import { type Logger as PinoLogger, pino } from 'pino';

export type Logger = PinoLogger;

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * JSON lines.
 *
 * @param descriptor 2 is stderr, as stdout is for what a person asked for; a service that is a process of its own has
 *   nothing else to say, and takes 1. @default 2
 */
export function createLogger(service: string, level: LogLevel, descriptor: 1 | 2 = 2): Logger {
  return pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: ['*.authorization', '*.serviceToken', '*.headers'], censor: '[redacted]' },
    },
    pino.destination({ dest: descriptor, sync: true }),
  );
}

export const silentLogger: Logger = pino({ level: 'silent' });
