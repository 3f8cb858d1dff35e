import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { ConfigError, messageOf } from './errors.ts';
import type { Closeable } from './scope.ts';

/**
 * Makes the data folder where it is missing, and holds it: two platforms on one folder would fold the same
 * journal. The kernel lets go of the lock when the process dies, however it dies.
 *
 * @throws {ConfigError} Naming `DATA_DIR` where it cannot be written or another process holds it.
 */
export function holdDataFolder(folder: string): Closeable {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new ConfigError([`DATA_DIR: ${folder} cannot be written: ${messageOf(error)}`]);
  }
  const path = join(folder, 'lock.db');
  let database: Database.Database | undefined;
  try {
    database = new Database(path);
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    const isHeld = /locked|busy/i.test(messageOf(error));
    throw new ConfigError([
      isHeld
        ? `DATA_DIR: ${folder} is in use by another Tributary; stop it or name another folder`
        : `DATA_DIR: ${path} cannot be written: ${messageOf(error)}`,
    ]);
  }
  const held = database;
  return {
    close: () => {
      held.close();
    },
  };
}
