import { Duration } from 'luxon';
import { z } from 'zod';
import { ConfigError } from './errors.ts';

/** Settings come from the environment only; each service reads the ones it knows with a schema of its own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @throws {ConfigError} One line for each setting that is wrong, naming it and what it takes.
 */
export function readConfig<T extends z.ZodObject>(schema: T, environment: Environment): z.infer<T> {
  const known = Object.keys(schema.shape);
  // A variable that is set but empty counts as not set, as it does for most programs.
  const given = Object.fromEntries(known.map((name) => [name, environment[name] || undefined]));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new ConfigError(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
}

/** Those of the environment's variables that a schema knows, to be handed to another process. */
export function pickSettings(schema: z.ZodObject, environment: Environment): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const value = environment[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}

/** A whole number within bounds. */
export function wholeNumber(
  defaultValue: number,
  min: number,
  max: number,
): z.ZodType<number, string | undefined> {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .optional()
    .transform((text) => (text === undefined ? defaultValue : /^\d+$/.test(text) ? Number(text) : Number.NaN))
    .refine((value) => value >= min && value <= max, message) as z.ZodType<number, string | undefined>;
}

/** An ISO 8601 duration, in milliseconds. */
export function durationMs(defaultValue: string): z.ZodType<number, string | undefined> {
  return z
    .string()
    .default(defaultValue)
    .transform((text) => Duration.fromISO(text).toMillis())
    .refine((ms) => ms > 0, 'must be an ISO 8601 duration such as PT5M') as z.ZodType<
    number,
    string | undefined
  >;
}
