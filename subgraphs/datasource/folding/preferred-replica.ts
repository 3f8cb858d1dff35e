import { createHash } from 'node:crypto';

/** Which replicas of datasource there are, as the registry knows them. */
export interface FoldPeers {
  /** The id that this replica is registered under. */
  readonly self: string;
  /** Ids of the healthy ones. */
  ids(): readonly string[];
}

/**
 * The replica that should fold a collection: the same for all that know the same replicas, about as many collections
 * for each, and where one comes or goes only its own change hands (rendezvous hashing).
 *
 * @returns undefined where there are none.
 */
export function preferredReplica(incarnation: string, replicas: readonly string[]): string | undefined {
  let preferred: string | undefined;
  let highest = '';
  for (const replica of replicas) {
    const score = createHash('sha256').update(`${replica}\0${incarnation}`).digest('hex');
    if (score > highest) [preferred, highest] = [replica, score];
  }
  return preferred;
}

/** Whether this replica should fold the collection; alone, or while it knows of none, it folds all. */
export function isPreferred(incarnation: string, peers: FoldPeers | undefined): boolean {
  const preferred = peers && preferredReplica(incarnation, peers.ids());
  return preferred === undefined || preferred === peers?.self;
}
