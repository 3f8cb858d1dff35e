/**
 * The smallest worker: says that it is alive by a file named after its task, exits when asked to or when whoever
 * started it is gone. `BEHAVIOUR` makes it a bad one.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const { BEHAVIOUR, FOLDER, POOL, TASK_ID } = process.env;

if (BEHAVIOUR === 'crash') process.exit(7);
process.on('SIGTERM', () => BEHAVIOUR === 'stubborn' || process.exit(0));
process.on('disconnect', () => process.exit(0));
const draft = join(FOLDER, `.${TASK_ID}`);
writeFileSync(draft, JSON.stringify({ pid: process.pid, pool: POOL, environment: process.env }));
renameSync(draft, join(FOLDER, TASK_ID));
setInterval(() => {}, 60_000);
