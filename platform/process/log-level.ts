import { LOG_LEVELS, type Logger, type LogLevel, setLogLevel } from '../logger.ts';
import type { LiveSettings } from '../ports/live-settings.ts';
import type { Closeable } from '../scope.ts';

/**
 * Keeps a logger at the level that the live settings say, or else at its own. A level that there is not is refused, once
 * for each.
 */
export function followLogLevel(settings: LiveSettings, logger: Logger, own: LogLevel): Closeable {
  let told: string = own;
  return settings.watch(({ LOG_LEVEL: value = own }) => {
    // The other settings' changes are told, too.
    if (value === told) return;
    told = value;
    // Not as `level`: that is what each line says of itself.
    const change = { setting: 'LOG_LEVEL', value };
    if (!(LOG_LEVELS as readonly string[]).includes(value)) {
      const problem = `must be one of ${LOG_LEVELS.join(', ')}`;
      logger.warn({ ...change, problem }, 'live setting refused, what held goes on');
    } else if (logger.level !== value) {
      setLogLevel(logger, value as LogLevel);
      logger.info(change, 'live setting changed');
    }
  });
}
