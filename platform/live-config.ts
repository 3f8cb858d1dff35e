import type { z } from 'zod';
import type { Logger } from './logger.ts';
import type { LiveSettings, LiveValues } from './ports/live-settings.ts';
import type { Closeable } from './scope.ts';

/** Settings that may change: read anew wherever they are used. */
export interface LiveConfig<T> {
  current(): T;
}

/**
 * Reads live settings as the environment's are read. One that is not set is as `base` says; one that is wrong is
 * refused, once for each wrong value, and what held before goes on.
 *
 * @param schema Of the settings that the reader knows, by their names.
 * @param base What the environment says of them.
 */
export function followLiveConfig<S extends z.ZodObject>(
  settings: LiveSettings,
  schema: S,
  base: z.infer<S>,
  logger: Logger,
): LiveConfig<z.infer<S>> & Closeable {
  const shape: Readonly<Record<string, z.ZodType>> = schema.shape;
  const names = Object.keys(shape);
  const texts = new Map<string, string>();
  let current = pick(base, names) as z.infer<S>;

  function read(values: LiveValues): void {
    const next: Record<string, unknown> = { ...current };
    for (const name of names) {
      const text = (values as Readonly<Record<string, string | undefined>>)[name];
      if (text === texts.get(name)) continue;
      if (text === undefined) texts.delete(name);
      else texts.set(name, text);
      const parsed = text === undefined ? undefined : shape[name]?.safeParse(text);
      if (!parsed) next[name] = (base as Record<string, unknown>)[name];
      else if (parsed.success) next[name] = parsed.data;
      else {
        const problem = parsed.error.issues.map(({ message }) => message).join('; ');
        logger.warn({ setting: name, value: text, problem }, 'live setting refused, what held goes on');
        continue;
      }
      logger.info({ setting: name, value: text ?? 'as the environment says' }, 'live setting changed');
    }
    current = next as z.infer<S>;
  }

  const handle = settings.watch(read);
  return { current: () => current, close: () => handle.close() };
}

function pick(values: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, values[name]]));
}
