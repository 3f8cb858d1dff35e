/** Everything on one machine, in one process with its workers as child processes, on the embedded adapters. */
import { announce } from './announce.ts';
import { runPlatform } from './platform.ts';

await runPlatform(process.env, async (platform) => announce(platform));
