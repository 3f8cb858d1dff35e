/**
 * Makes a runner that does one piece of work after the other. What writers of one process would only learn from
 * conflicts, they spare each other by waiting; other processes still meet the conflicts.
 */
export function createSerial(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
}
