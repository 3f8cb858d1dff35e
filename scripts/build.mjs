/**
 * Builds what runs: the services (tsc) and the GraphiQL page (Vite), each only where its inputs have changed
 * since the last build. Plain JavaScript, because it runs before anything is built.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const STEPS = [
  {
    name: 'services',
    inputs: [
      'platform',
      'subgraphs',
      'gateway',
      'orchestrator',
      'scrapers',
      'deploy',
      'examples',
      'scripts/key.ts',
      'tsconfig.json',
      'tsconfig.build.json',
      'package-lock.json',
    ],
    except: ['gateway/graphiql'],
    clean: ['platform', 'subgraphs', 'gateway', 'orchestrator', 'scrapers', 'deploy', 'examples', 'scripts'],
    command: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'],
  },
  {
    name: 'graphiql',
    inputs: ['gateway/graphiql', 'package-lock.json'],
    except: [],
    clean: ['graphiql'],
    command: [
      'node_modules/vite/bin/vite.js',
      'build',
      '--config',
      'gateway/graphiql/vite.config.ts',
      '--logLevel',
      'warn',
    ],
  },
];

/** @returns Names of the steps that had to run. */
export function build() {
  const ran = [];
  for (const step of STEPS) {
    const stamp = join(root, 'dist', `.${step.name}.stamp`);
    const hash = hashOf(step.inputs, step.except);
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) continue;
    rmSync(stamp, { force: true });
    for (const folder of step.clean) rmSync(join(root, 'dist', folder), { recursive: true, force: true });
    const { status } = spawnSync(process.execPath, step.command, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (status !== 0) throw new Error(`The build of ${step.name} failed.`);
    mkdirSync(dirname(stamp), { recursive: true });
    writeFileSync(stamp, hash);
    ran.push(step.name);
  }
  return ran;
}

function hashOf(inputs, except) {
  const hash = createHash('sha256');
  const add = (path) => {
    if (except.includes(path)) return;
    const absolute = join(root, path);
    if (!existsSync(absolute)) return;
    let names;
    try {
      names = readdirSync(absolute);
    } catch (error) {
      if (error.code !== 'ENOTDIR') throw error;
      hash.update(path).update('\0').update(readFileSync(absolute)).update('\0');
      return;
    }
    for (const name of names.sort()) add(`${path}/${name}`);
  };
  for (const input of inputs) add(input);
  return hash.digest('hex');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const beganMs = performance.now();
  try {
    const ran = build();
    if (ran.length > 0)
      console.log(`Built ${ran.join(' and ')} in ${((performance.now() - beganMs) / 1000).toFixed(1)} s.`);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
