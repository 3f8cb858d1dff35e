import { LOG_LEVELS, type Logger, type LogLevel, setLogLevel } from '../logger.ts';
import type { LiveSettings } from '../ports/live-settings.ts';
import type { Closeable } from '../scope.ts';

/** Keeps a logger at the level that the live settings say, or else at its own. */
export function followLogLevel(settings: LiveSettings, logger: Logger, own: LogLevel): Closeable {
  return settings.watch(({ LOG_LEVEL: level = own }) => {
    if (!(LOG_LEVELS as readonly string[]).includes(level)) {
      logger.warn({ level, known: LOG_LEVELS }, 'LOG_LEVEL is none of the known ones, and stays as it is');
    } else if (logger.level !== level) {
      setLogLevel(logger, level as LogLevel);
      logger.info({ level }, 'log level changed');
    }
  });
}
