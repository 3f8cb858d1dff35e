import { readFileSync } from 'node:fs';
import { Duration } from 'luxon';
import { z } from 'zod';
import { ConfigError, messageOf } from './errors.ts';

/** Settings come from the environment only; each service reads the ones it knows with a schema of its own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** `<NAME>_FILE` says where a setting's value is: a secret in a file is in nobody's list of environments. */
const FILE = '_FILE';

/**
 * Reads each setting from its variable `NAME`, or from the file that `NAME_FILE` names.
 *
 * @throws {ConfigError} One line for each setting that is wrong, naming it and what it takes, never its value.
 */
export function readConfig<T extends z.ZodObject>(schema: T, environment: Environment): z.infer<T> {
  const { texts, problems } = givenTexts(schema, environment);
  const parsed = schema.safeParse(texts);
  if (parsed.success && problems.size === 0) return parsed.data;
  const wrong = (parsed.error?.issues ?? [])
    // Of what could not be read it says only that it is missing.
    .filter(({ path }) => !problems.has(String(path[0])))
    .map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new ConfigError([...problems.values(), ...wrong]);
}

/**
 * Those of the environment's variables that a schema knows, to be handed to another process of this machine. Of a
 * setting that is in a file it is the file's name that is handed on: the other reads it as we did, and no secret comes
 * into an environment by us.
 *
 * @param own What we say ourselves, in the place of whatever was given.
 */
export function pickSettings(
  schema: z.ZodObject,
  environment: Environment,
  own: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    if (name in own) continue;
    for (const variable of [name, `${name}${FILE}`]) {
      const value = environment[variable];
      if (value !== undefined) picked[variable] = value;
    }
  }
  return { ...picked, ...own };
}

/**
 * Those of the environment's settings that a schema knows, to be handed to a process elsewhere, which has none of our
 * files: the values themselves, so no secrets.
 *
 * @throws {ConfigError} As `readConfig`, where a file cannot be read.
 */
export function readSettings(schema: z.ZodObject, environment: Environment): Record<string, string> {
  const { texts, problems } = givenTexts(schema, environment);
  if (problems.size > 0) throw new ConfigError([...problems.values()]);
  return Object.fromEntries(
    Object.entries(texts).filter((given): given is [string, string] => given[1] !== undefined),
  );
}

/** What is given of the settings that a schema knows, and what is wrong with how it is given, by their names. */
function givenTexts(schema: z.ZodObject, environment: Environment) {
  const texts: Record<string, string | undefined> = {};
  const problems = new Map<string, string>();
  for (const name of Object.keys(schema.shape)) {
    // A variable that is set but empty counts as not set, as it does for most programs.
    const text = environment[name] || undefined;
    const variable = `${name}${FILE}`;
    // Where that is a setting by itself, it is the file that is meant and not what it holds.
    const file = variable in schema.shape ? undefined : environment[variable] || undefined;
    if (file === undefined) texts[name] = text;
    else if (text !== undefined)
      problems.set(name, `${name}: is given by ${variable} too: leave one of them out`);
    else {
      try {
        texts[name] = readValue(file);
      } catch (error) {
        problems.set(name, `${variable}: ${messageOf(error)}`);
      }
    }
  }
  return { texts, problems };
}

/** @returns What a file holds, without the line break that editors and `echo` end it with. @throws Why there is none. */
function readValue(file: string): string {
  let value: string;
  try {
    value = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    // Without the name: somebody may have set the value itself.
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`must name a file that this process may read, and that gives ${code}`);
  }
  if (value === '') throw new Error('must name a file that holds the value, and that one is empty');
  return value;
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
