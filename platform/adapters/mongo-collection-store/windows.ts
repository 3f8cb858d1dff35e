/**
 * Reads at most `limit` documents with numbers behind `after` and up to `through`, in their order, window by window.
 * Not every server takes the order from an index: without a bound such a one sorts all there is for each page.
 *
 * @param read Documents with numbers in (after, through], in their order, at most `limit`.
 */
export async function readInWindows<T>(
  range: { readonly after: number; readonly through: number; readonly limit: number },
  read: (window: {
    readonly after: number;
    readonly through: number;
    readonly limit: number;
  }) => Promise<T[]>,
): Promise<T[]> {
  const { through, limit } = range;
  const found: T[] = [];
  let { after } = range;
  for (let width = limit; after < through && found.length < limit; ) {
    const missing = limit - found.length;
    const end = Math.min(through, after + width);
    const window = await read({ after, through: end, limit: missing });
    found.push(...window);
    // Where numbers are sparse the next one goes further, so that it is never many.
    if (window.length * 2 < missing) width *= 2;
    after = end;
  }
  return found;
}
