import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { type Json, objectOf } from './json.ts';
import { CHANGED_AT_LABEL } from './policy.ts';
import type { Refusal } from './rules.ts';

/**
 * A change of a service which is no worker as they are to be now, of its number alone. Workers that the swarm went back to,
 * since newer ones failed, are of an older image or older settings, and their sources go on growing.
 */
export interface Resize {
  /** What the caller would have the service be. */
  readonly given: Json;
  readonly replicas: number;
  /** Where it is something else than a resize. */
  readonly otherwise: Refusal;
}

/**
 * @param spec The service as it is.
 * @param names Of the workers' networks.
 * @returns The body that makes it the same in another number: of the caller's own it has nothing else than that, and when
 *   that was. undefined where anything else would change.
 */
export function resizedBody(
  { given, replicas }: Resize,
  spec: Json,
  names: ReadonlySet<string>,
): string | undefined {
  if (!isDeepStrictEqual(kept(given), kept(spec)) || !namesSame(networksOf(given), networksOf(spec), names))
    return undefined;
  const { [CHANGED_AT_LABEL]: changedAt } = objectOf(given.Labels);
  const isTime = typeof changedAt === 'string' && z.iso.datetime().safeParse(changedAt).success;
  return JSON.stringify({
    ...spec,
    Labels: { ...objectOf(spec.Labels), ...(isTime ? { [CHANGED_AT_LABEL]: changedAt } : {}) },
    Mode: { Replicated: { Replicas: replicas } },
  });
}

/** All that a resize leaves as it is, but for its networks. */
function kept({ Labels, Mode: _mode, TaskTemplate, ...others }: Json): Json {
  const { [CHANGED_AT_LABEL]: _changedAt, ...labels } = objectOf(Labels);
  const { Networks: _networks, ...template } = objectOf(TaskTemplate);
  return { ...others, labels, template };
}

function networksOf({ TaskTemplate }: Json): readonly Json[] {
  const { Networks } = objectOf(TaskTemplate);
  return Array.isArray(Networks) ? Networks.map(objectOf) : [];
}

/**
 * Whether the caller means the networks that there are: by the engine's ids, or by our names for them. Which of ours a name
 * stands for needs no look: the engine's own list is what goes on.
 */
function namesSame(given: readonly Json[], there: readonly Json[], names: ReadonlySet<string>): boolean {
  const ids = new Set(there.map(({ Target }) => Target));
  return (
    given.length === there.length && given.every(({ Target }) => ids.has(Target) || names.has(String(Target)))
  );
}
