import type { GraphQLSchema } from 'graphql';

/**
 * The names of the root query fields: every collection that comes or goes changes them, and the gateway answers
 * from its own schema, without asking a subgraph.
 */
export const OUTLINE_QUERY = '{ __type(name: "Query") { fields(includeDeprecated: true) { name } } }';

/** Between two looks while nothing is expected, in milliseconds: others' changes show within it. */
const CALM_MS = 5_000;
/** Between two looks after the user's own mutation: a new type is in the graph within a second. */
const HASTE_MS = 300;
/** Looks in haste after a mutation: five times the promised second, for a machine under load. */
const HASTE_LOOKS = 16;
/** The longest wait between two looks while the gateway does not answer. */
const FAILING_MS_MAX = 60_000;

export interface SchemaWatchDeps {
  /** Asks the gateway for OUTLINE_QUERY. */
  readonly readOutline: () => Promise<ReadonlySet<string>>;
  /** The schema that the page shows now; null before the first. */
  readonly shown: () => GraphQLSchema | null;
  readonly refresh: () => Promise<void>;
  /** Whether somebody can see the page: a hidden one costs the gateway nothing. */
  readonly isVisible: () => boolean;
}

export interface SchemaWatch {
  /** Look more closely for a while: a mutation has just been answered. */
  readonly hasten: () => void;
  readonly stop: () => void;
}

/**
 * Keeps the schema that the page shows equal to the gateway's, so that the docs and the completion know a new
 * collection without a reload. Compares what is with what is shown, and so misses nothing for good.
 * A change that leaves the root fields alone (a new field in an existing collection) is found after the user's
 * own mutations, which end with one refresh; another's shows with GraphiQL's "Re-fetch schema" button.
 */
export function watchSchema({ readOutline, shown, refresh, isVisible }: SchemaWatchDeps): SchemaWatch {
  let hasteLooks = 0;
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isLooking = false;
  let isStopped = false;

  async function look(): Promise<void> {
    const isLastInHaste = hasteLooks === 1;
    hasteLooks = Math.max(0, hasteLooks - 1);
    isLooking = true;
    if (isVisible()) {
      try {
        const outline = await readOutline();
        failures = 0;
        if (isOutdated(shown(), outline)) {
          hasteLooks = 0;
          await refresh();
        } else if (isLastInHaste) {
          await refresh();
        }
      } catch {
        // The gateway is restarting or wants credentials; the user's own requests say so better.
        failures += 1;
      }
    }
    isLooking = false;
    schedule();
  }

  function schedule(): void {
    clearTimeout(timer);
    if (isStopped || isLooking) return;
    const calmMs = Math.min(CALM_MS * 2 ** failures, FAILING_MS_MAX);
    timer = setTimeout(look, hasteLooks > 0 ? HASTE_MS : calmMs);
  }

  schedule();
  return {
    hasten() {
      hasteLooks = HASTE_LOOKS;
      schedule();
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

/** @param answer The result of OUTLINE_QUERY. @throws {TypeError} Where it holds errors, or no fields. */
export function outlineOf(answer: unknown): ReadonlySet<string> {
  const { data } = answer as { data: { __type: { fields: readonly { name: string }[] } } };
  return new Set(data.__type.fields.map(({ name }) => name));
}

function isOutdated(schema: GraphQLSchema | null, outline: ReadonlySet<string>): boolean {
  const shown = Object.keys(schema?.getQueryType()?.getFields() ?? {});
  return shown.length !== outline.size || shown.some((name) => !outline.has(name));
}
