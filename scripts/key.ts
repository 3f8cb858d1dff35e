/** Makes and removes the keys by which apps use the graph: `npm run key -- --name reporting --role READ`. */
import { parseArgs } from 'node:util';
import { addKey, removeKey } from '../gateway/access/key-file-changes.ts';
import { ROLES } from '../gateway/access/roles.ts';
import { ConfigError, messageOf } from '../platform/errors.ts';

const USAGE = `npm run key -- --name <name> --role ${ROLES.join('|')} [--file <path>]   makes a key and shows it, once
npm run key -- --remove <name> [--file <path>]                       removes it

--file is API_KEYS_FILE where that is set, else keys.json.`;

interface Arguments {
  readonly name?: string | undefined;
  readonly role?: string | undefined;
  readonly remove?: string | undefined;
  readonly file: string;
}

async function run({ name, role, remove, file }: Arguments): Promise<void> {
  if (remove !== undefined && name === undefined && role === undefined) {
    await removeKey(file, remove);
    console.error(`Removed "${remove}" from ${file}. A running gateway takes note within API_KEYS_RELOAD.`);
    return;
  }
  if (remove !== undefined || name === undefined || role === undefined) throw new ConfigError([USAGE]);
  const key = await addKey(file, { name, role });
  console.error(`Added "${name}" with role ${role} to ${file}. This is the key; it is not shown again:`);
  // Alone on stdout, so that it can be piped to where it belongs.
  console.log(key);
}

function readArguments(): Arguments {
  const option = { type: 'string' } as const;
  try {
    const { values } = parseArgs({ options: { name: option, role: option, remove: option, file: option } });
    return { ...values, file: values.file ?? (process.env.API_KEYS_FILE || 'keys.json') };
  } catch (error) {
    throw new ConfigError([messageOf(error), USAGE]);
  }
}

try {
  await run(readArguments());
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
