/** What a service shows under `/metrics`. */
export interface ShownMetrics {
  /** @param labels As Prometheus writes them: `code="NOT_FOUND"`. @returns undefined where it is not shown. */
  value(name: string, labels?: string): number | undefined;
}

/** @param url Of the service, with whatever path. */
export async function readMetrics(url: string): Promise<ShownMetrics> {
  return shownMetrics(await (await fetch(new URL('/metrics', url))).text());
}

export function shownMetrics(text: string): ShownMetrics {
  const values = new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
  return { value: (name, labels) => values.get(labels === undefined ? name : `${name}{${labels}}`) };
}
