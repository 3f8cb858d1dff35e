import type { Logger } from '../../platform/logger.ts';
import type { Refusal } from './rules.ts';

/** Kinds of refusals that are told apart: whoever makes up more of them fills no log. */
const KINDS_MAX = 200;

/** Says what was refused, once for each reason; how often, the metrics say. */
export function createRefusalLog(logger: Logger): (refusal: Refusal) => void {
  const told = new Set<string>();
  return ({ name, reason }) => {
    if (told.has(reason) || told.size > KINDS_MAX) return;
    told.add(reason);
    if (told.size > KINDS_MAX)
      logger.warn('calls are refused for many reasons: further ones are only counted');
    else logger.warn({ call: name, reason }, 'call refused');
  };
}
