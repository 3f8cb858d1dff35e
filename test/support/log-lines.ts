import { pino } from 'pino';
import type { Logger } from '../../platform/logger.ts';

/** A logger that keeps what it is told. */
export function createLogLines(): {
  readonly logger: Logger;
  readonly lines: string[];
  messages(): string[];
} {
  const lines: string[] = [];
  return {
    logger: pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) }),
    lines,
    messages: () => lines.map((line) => JSON.parse(line).msg),
  };
}
