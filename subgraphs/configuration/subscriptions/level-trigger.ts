/**
 * Makes a trigger for a check that reads a state: triggered while it runs, it runs once more afterwards,
 * however often it was triggered. So a burst costs two checks, and the last change is always seen.
 */
export function createLevelTrigger(
  check: () => Promise<void>,
  onError: (error: unknown) => void,
): () => void {
  let isRunning = false;
  let isWanted = false;
  const run = async () => {
    isRunning = true;
    while (isWanted) {
      isWanted = false;
      await check().catch(onError);
    }
    isRunning = false;
  };
  return () => {
    isWanted = true;
    if (!isRunning) void run();
  };
}
