import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { z } from 'zod';
import { ConfigError, messageOf } from '../../platform/errors.ts';
import { ROLES, type Role } from './roles.ts';

/** A key as the file holds it: by its hash, so that the file opens nothing for who reads it. */
export interface ApiKey {
  readonly name: string;
  readonly role: Role;
  /** Of the key, in lower-case hexadecimal. */
  readonly sha256: string;
}

/** Some thousand keys; what is larger is another file. */
const FILE_BYTES_MAX = 1024 * 1024;

const keyShape = z.strictObject({
  name: z
    .string('"name" must be a string')
    .regex(/^[\w.@-]{1,64}$/, '"name" must be 1 to 64 letters, digits or any of . _ @ -'),
  role: z.enum(ROLES, `"role" must be one of ${ROLES.join(', ')}`),
  sha256: z
    .string('"sha256" must be a string')
    .regex(/^[0-9a-f]{64}$/i, '"sha256" must be 64 hexadecimal digits')
    .toLowerCase(),
});
const fileShape = z.strictObject({ keys: z.array(z.unknown(), '"keys" must be a list') });

/** A plain hash is enough: nobody finds 256 random bits by trying, so there is nothing to make slower. */
export function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/**
 * @param what Names the setting or argument, for messages.
 * @throws {ConfigError} The file cannot be read, or an entry is wrong: which, and how, but nothing of what it holds.
 */
export async function readKeyFile(what: string, path: string): Promise<readonly ApiKey[]> {
  return parseKeys(what, path, await readText(what, path));
}

/** Reads the file's text again only to see whether it has changed. @throws {ConfigError} It cannot be read. */
export async function readText(what: string, path: string): Promise<string> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { size } = await file.stat();
    if (size > FILE_BYTES_MAX) throw new RangeError(`it is larger than ${FILE_BYTES_MAX} bytes`);
    return await file.readFile('utf8');
  } catch (error) {
    throw new ConfigError([`${what}: ${path} cannot be read: ${problemOf(error)}`]);
  } finally {
    await file?.close();
  }
}

/** @throws {ConfigError} As `readKeyFile`. */
export function parseKeys(what: string, path: string, text: string): readonly ApiKey[] {
  const wrong = (problems: readonly string[]) =>
    new ConfigError(problems.map((problem) => `${what}: ${path}: ${problem}`));
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // What the parser says would show the text around the mistake.
    throw wrong(['it is not JSON']);
  }
  const file = fileShape.safeParse(json);
  if (!file.success) throw wrong(['it must be { "keys": [{ "name", "role", "sha256" }] }']);
  const keys: ApiKey[] = [];
  const problems: string[] = [];
  for (const [index, entry] of file.data.keys.entries()) {
    const place = placeOf(index, entry);
    const read = readKey(entry);
    if (!read.key) {
      problems.push(...read.problems.map((problem) => `${place}: ${problem}`));
      continue;
    }
    const { name, sha256 } = read.key;
    if (keys.some((other) => other.name === name)) problems.push(`${place}: another key has this name`);
    const twin = keys.find((other) => other.sha256 === sha256);
    if (twin) problems.push(`${place}: it is the same key as "${twin.name}"`);
    keys.push(read.key);
  }
  if (problems.length > 0) throw wrong(problems);
  return keys;
}

/** @returns One entry of the file, or what is wrong with it. */
export function readKey(
  entry: unknown,
):
  | { readonly key: ApiKey; readonly problems?: never }
  | { readonly key?: never; readonly problems: string[] } {
  const parsed = keyShape.safeParse(entry);
  return parsed.success ? { key: parsed.data } : { problems: parsed.error.issues.map(issueOf) };
}

/** `keys[2] "reporting"`: names are shown where they may be names. */
function placeOf(index: number, entry: unknown): string {
  const { success, data } = z.looseObject({ name: keyShape.shape.name }).safeParse(entry);
  return success ? `keys[${index}] "${data.name}"` : `keys[${index}]`;
}

function issueOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return 'it holds more than "name", "role" and "sha256"';
  return issue.path.length > 0 ? issue.message : 'it must be { "name", "role", "sha256" }';
}

/** Why the file system refused, in words. */
export function problemOf(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'there is no such file or folder';
    case 'EACCES':
    case 'EPERM':
      return 'this user may not';
    case 'EISDIR':
      return 'it is a folder';
    default:
      return messageOf(error);
  }
}
