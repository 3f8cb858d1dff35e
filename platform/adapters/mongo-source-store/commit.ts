import { randomId } from '../../ids.ts';
import type { CollectionChange, Committed, SourceChange } from '../../ports/source-store.ts';
import { lockDefinitions, settleDefinitions } from './definition-intents.ts';
import type { DefinitionDocument, DefinitionIntent, Documents } from './documents.ts';
import { followWrite, prepareWrite, readSettled, writeSource } from './source-writes.ts';

/** Others that may get in before us while we prepare: each time one of them has committed. */
const ATTEMPTS_MAX = 100;

/** @returns undefined where a version in the change is not the stored one. */
export function commitChange(documents: Documents, change: SourceChange): Promise<Committed | undefined> {
  const { collection } = change;
  const commitId = randomId();
  return collection
    ? commitDefinition(documents, change, collection, commitId)
    : commitSource(documents, change, commitId);
}

async function commitSource(
  documents: Documents,
  change: SourceChange,
  commitId: string,
): Promise<Committed | undefined> {
  const { source } = change;
  // A new one is inserted, which fails where there is one.
  const stored = source.version > 0 ? await readSettled(documents, source.spec.id) : null;
  if ((stored?.version ?? 0) !== source.version) return undefined;
  const write = await prepareWrite(documents, change, stored, commitId);
  if (!(await writeSource(documents, write))) {
    // The driver sends a write again where the answer was lost: it may have been ours.
    const ours = await documents.sources.findOne({ _id: write.id, commitId }, { projection: { _id: 1 } });
    if (!ours) return undefined;
  }
  await tryRest(followWrite(documents, write));
  return { version: write.set.version };
}

/** Changes of definitions are rare: they go one after the other, through the one document that numbers them. */
async function commitDefinition(
  documents: Documents,
  change: SourceChange,
  collection: CollectionChange,
  commitId: string,
): Promise<Committed | undefined> {
  const { id } = change.source.spec;
  const version = change.source.version + 1;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const revision = await settleDefinitions(documents);
    const stored = await readSettled(documents, id);
    if (stored?.commitId === commitId && stored.definitionsRevision !== undefined) {
      // Ours: the answer was lost, and somebody has carried it out.
      return { version, definitionsRevision: stored.definitionsRevision };
    }
    if ((stored?.version ?? 0) !== change.source.version) return undefined;
    if (!(await isCurrent(documents, collection, revision))) return undefined;

    const definitionsRevision = revision + 1;
    const write = await prepareWrite(documents, change, stored, commitId);
    const intent: DefinitionIntent = {
      write: { ...write, set: { ...write.set, definitionsRevision } },
      definition: definitionOf(collection, definitionsRevision),
    };
    const lock = await lockDefinitions(documents, intent);
    if (!lock) continue;
    const isWritten = await lock.write();
    await tryRest(lock.finish(isWritten));
    return isWritten ? { version, definitionsRevision } : undefined;
  }
  return undefined;
}

async function isCurrent(
  { definitions }: Documents,
  { name, expectedRevision, expectedDefinitionsRevision }: CollectionChange,
  revision: number,
): Promise<boolean> {
  if (expectedDefinitionsRevision !== undefined && expectedDefinitionsRevision !== revision) return false;
  const stored = await definitions.findOne({ _id: name }, { projection: { revision: 1 } });
  return (stored?.revision ?? 0) === expectedRevision;
}

function definitionOf(
  { name, incarnation, isDeleted, fields, key }: CollectionChange,
  revision: number,
): DefinitionDocument {
  return { _id: name, incarnation, revision, isDeleted, fields: JSON.stringify(fields), key };
}

/** It is committed, and what is left is done by whoever looks next: no error may say otherwise. */
async function tryRest(rest: Promise<void>): Promise<void> {
  await rest.catch(() => undefined);
}
