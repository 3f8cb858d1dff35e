import { randomBytes } from 'node:crypto';
import { type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { ConfigError } from '../../platform/errors.ts';
import { type ApiKey, hashOf, problemOf, readKey, readKeyFile } from './key-file.ts';

const KEY_BYTES = 32;
/** So that a key that got lost is recognised for what it is. */
const KEY_PREFIX = 'tributary_';

/** 256 random bits, written to be sent as a bearer token. */
function createKey(): string {
  return `${KEY_PREFIX}${randomBytes(KEY_BYTES).toString('base64url')}`;
}

/**
 * Adds a key to the file, which is made where there is none.
 *
 * @returns The key itself, which nobody can tell again: the file has its hash.
 * @throws {ConfigError} There is a key of that name, name or role is wrong, or the file cannot be read or written.
 */
export async function addKey(path: string, { name, role }: { name: string; role: string }): Promise<string> {
  const key = createKey();
  const { key: added, problems } = readKey({ name, role, sha256: hashOf(key) });
  if (!added) throw new ConfigError(problems);
  await changeKeyFile(path, (keys) => {
    if (keys.some((other) => other.name === name))
      throw new ConfigError([`--name: ${path} has a key "${name}": take another name, or --remove it first`]);
    return [...keys, added];
  });
  return key;
}

/** @throws {ConfigError} There is no such key, or the file cannot be read or written. */
export async function removeKey(path: string, name: string): Promise<void> {
  await changeKeyFile(path, (keys) => {
    const others = keys.filter((key) => key.name !== name);
    if (others.length === keys.length) throw new ConfigError([`--remove: ${path} has no key "${name}"`]);
    return others;
  });
}

/**
 * Puts a new content in the place of the old at once: whoever reads sees one of them, whole. What stands beside it
 * meanwhile also keeps a second writer out.
 *
 * @param change Gets the keys there are, none where there is no file; throws where it finds a problem.
 * @throws {ConfigError} The file cannot be read or written, or another writer is at it.
 */
async function changeKeyFile(
  path: string,
  change: (keys: readonly ApiKey[]) => readonly ApiKey[],
): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const beside = `${target}.new`;
  let file: FileHandle;
  try {
    file = await open(beside, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new ConfigError([`--file: ${path} cannot be written: ${problemOf(error)}`]);
    throw new ConfigError([
      `--file: ${beside} exists: another command is at it, or was cut off; then remove it`,
    ]);
  }
  try {
    const owner = await stat(target).catch(missing);
    const keys = change(owner ? await readKeyFile('--file', target) : []);
    await file.writeFile(`${JSON.stringify({ keys }, undefined, 2)}\n`);
    // Who keeps the file keeps it, also where it is changed by root.
    if (owner && owner.uid !== process.getuid?.()) await file.chown(owner.uid, owner.gid);
    await file.sync();
    await file.close();
    await rename(beside, target);
  } catch (error) {
    await file.close().catch(() => {});
    await unlink(beside).catch(() => {});
    if (error instanceof ConfigError) throw error;
    throw new ConfigError([`--file: ${path} cannot be written: ${problemOf(error)}`]);
  }
}

function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
