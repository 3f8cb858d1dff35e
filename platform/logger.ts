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
  const family = new LogFamily();
  const logger = pino(
    {
      level,
      onChild: (child) => family.add(child),
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: ['*.authorization', '*.serviceToken', '*.headers'], censor: '[redacted]' },
    },
    pino.destination({ dest: descriptor, sync: true }),
  );
  family.add(logger);
  return logger;
}

/** Sets the level of a logger, and of all that were made of the same one: a child takes over its level only once. */
export function setLogLevel(logger: Logger, level: LogLevel): void {
  logger.level = level;
  families.get(logger)?.setLevel(level);
}

const families = new WeakMap<Logger, LogFamily>();

/** Children that are no more are forgotten when this many were added since the last time. */
const SWEEP_EVERY = 1_000;

/** A logger and its children, none of which it keeps alive. */
class LogFamily {
  readonly #members = new Set<WeakRef<Logger>>();
  #sweepAt = SWEEP_EVERY;

  add(member: Logger): void {
    families.set(member, this);
    this.#members.add(new WeakRef(member));
    if (this.#members.size < this.#sweepAt) return;
    for (const known of this.#members) if (!known.deref()) this.#members.delete(known);
    this.#sweepAt = this.#members.size + SWEEP_EVERY;
  }

  setLevel(level: LogLevel): void {
    for (const known of this.#members) {
      const member = known.deref();
      if (member) member.level = level;
    }
  }
}

export const silentLogger: Logger = pino({ level: 'silent' });
