import { isDuplicateKey } from '../../mongo.ts';
import type { DefinitionDocument, DefinitionIntent, Documents } from './documents.ts';
import { INDEXES } from './schema.ts';
import { followWrite, writeSource } from './source-writes.ts';

/**
 * A change of a definition spans its source, its runs, the definition and other sources. All of it is written into
 * one document first, which takes the next revision with it; nobody begins another change, or reads
 * definitions, before it is carried out, be it by themselves. Where the source changed meanwhile, nothing of it is
 * done, and its revision is nobody's.
 */
export interface DefinitionLock {
  /** @returns Whether the source is as it was to be; the rest follows only then. */
  write(): Promise<boolean>;
  finish(isWritten: boolean): Promise<void>;
}

/** @returns undefined where another change has come first. */
export async function lockDefinitions(
  documents: Documents,
  intent: DefinitionIntent,
): Promise<DefinitionLock | undefined> {
  const { revision } = intent.definition;
  // Whoever knows the revision before has seen to it that what came with that one is in place.
  const { matchedCount } = await documents.definitionsState.updateOne(
    { _id: 'definitions', revision: revision - 1 },
    { $set: { revision, intent } },
  );
  if (matchedCount === 0) return undefined;
  return {
    write: () => writeIntended(documents, intent),
    finish: (isWritten) => finish(documents, intent, isWritten),
  };
}

/** Carries out what another began. @returns The revision up to which all changes are in place. */
export async function settleDefinitions(documents: Documents): Promise<number> {
  const state = await documents.definitionsState.findOne({ _id: 'definitions' });
  if (state?.intent) await finish(documents, state.intent, await writeIntended(documents, state.intent));
  return state?.revision ?? 0;
}

async function writeIntended(documents: Documents, { write }: DefinitionIntent): Promise<boolean> {
  if (await writeSource(documents, write)) return true;
  const { definitionsRevision = 0 } = write.set;
  const written = await documents.sources.findOne(
    { _id: write.id, definitionsRevision },
    { projection: { _id: 1 } },
  );
  return written !== null;
}

async function finish(
  documents: Documents,
  { write, definition }: DefinitionIntent,
  isWritten: boolean,
): Promise<void> {
  if (isWritten) {
    await followWrite(documents, write);
    await putDefinition(documents, definition);
    if (definition.isDeleted) await disposeSources(documents, definition);
  }
  await documents.definitionsState.updateOne(
    { _id: 'definitions', 'intent.definition.revision': definition.revision },
    { $unset: { intent: '' } },
  );
}

async function putDefinition({ definitions }: Documents, definition: DefinitionDocument): Promise<void> {
  const { _id, revision } = definition;
  try {
    await definitions.replaceOne({ _id, revision: { $lt: revision } }, definition, { upsert: true });
  } catch (error) {
    // There it is, as new as this one or newer.
    if (!isDuplicateKey(error)) throw error;
  }
}

async function disposeSources(
  { sources }: Documents,
  { _id, incarnation }: DefinitionDocument,
): Promise<void> {
  await sources.updateMany(
    { collection: _id, incarnation, removed: 'KEEP' },
    { $set: { removed: 'DELETE' }, $inc: { version: 1 } },
    { hint: INDEXES.sourcesByCollection },
  );
}
