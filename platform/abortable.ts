/**
 * Waits for a call no longer than its signal lets it. For calls that hear of the abort late: undici only once it is
 * connected, which takes as long as its limit for that where nobody answers.
 *
 * @param call What comes of it after the abort is dropped: it must hold nothing then.
 * @throws The signal's reason, at once.
 */
export function abortable<T>(call: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    const unlink = () => signal.removeEventListener('abort', onAbort);
    call.then(resolve, reject).then(unlink, unlink);
  });
}
