import type { Environment } from '../platform/config.ts';
import { TributaryError } from '../platform/errors.ts';
import { Scope } from '../platform/scope.ts';
import { shutdownSignal } from '../platform/shutdown.ts';
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
    tell(error);
  }
  await scope.close().catch((error) => {
    exitCode = 1;
    tell(error);
  });
  process.exit(exitCode);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** What is meant is a line for each problem; what is not is for whoever mends it. */
function tell(error: unknown): void {
  if (!(error instanceof TributaryError)) console.error(error);
  else for (const line of error.message.split('\n')) console.error(`tributary: ${line}`);
}
