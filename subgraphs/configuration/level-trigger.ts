/**
 * Makes a trigger for a check that reads a state: triggered while it runs, it runs once more afterwards,
 * however often it was triggered. So a burst costs two checks, and the last change is always seen.
 *
 * @returns Resolves when nothing is left to check. Never rejects.
 */
export function createLevelTrigger(
  check: () => Promise<void>,
  onError: (error: unknown) => void,
): () => Promise<void> {
  let running: Promise<void> | undefined;
  let isWanted = false;
  const run = async () => {
    while (isWanted) {
      isWanted = false;
      await check().catch(onError);
    }
    running = undefined;
  };
  return () => {
    isWanted = true;
    running ??= run();
    return running;
  };
}
