import type { Environment } from '../platform/config.ts';
import { Scope } from '../platform/scope.ts';
import { aborted, shutdownSignal, tellFailure } from '../platform/shutdown.ts';
import { openPlatform, type Platform } from './platform.ts';

/**
 * Runs the platform until the first signal. A failure to start is a clear line for each reason, and exit code 1.
 *
 * @param onReady Called once all is open; what it leaves to `scope` is closed after the platform.
 */
export async function runPlatform(
  environment: Environment,
  onReady: (platform: Platform, scope: Scope) => Promise<void> | void,
): Promise<void> {
  const shutdown = shutdownSignal();
  const scope = new Scope();
  let exitCode = 0;
  try {
    const platform = await openPlatform(environment);
    scope.use(platform);
    await onReady(platform, scope);
    await aborted(shutdown);
    console.log('Stopping …');
  } catch (error) {
    exitCode = 1;
    tellFailure('tributary', error);
  }
  await scope.close().catch((error) => {
    exitCode = 1;
    tellFailure('tributary', error);
  });
  process.exit(exitCode);
}
