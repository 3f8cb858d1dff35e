import { type AnyBulkWriteOperation, type Collection, MongoBulkWriteError } from 'mongodb';
import { isWhole } from './images.ts';
import { type EntryDocument, type EntryImage, entryDocumentId } from './schema.ts';

/** What has become of an entry, and the commit that made it so. */
export interface DatedImage {
  readonly image: EntryImage;
  readonly n: number;
}

/** Writes entries, except where what is there is of the same commit or a later one. */
export async function writeImages(
  entries: Collection<EntryDocument>,
  collection: number,
  images: readonly DatedImage[],
): Promise<void> {
  const updates: AnyBulkWriteOperation<EntryDocument>[] = [];
  const inserts: EntryDocument[] = [];
  for (const { image, n } of images) {
    const { isNew, ...body } = image;
    const place = { _id: entryDocumentId(collection, image.k), c: collection, n };
    if (!isWhole(body)) updates.push(updateOf({ ...place, ...body }, 'PART'));
    else if (isNew) inserts.push({ ...place, ...body });
    else updates.push(updateOf({ ...place, ...body }, 'WHOLE'));
  }
  // Those that were removed before are there as tombstones.
  for (const document of await insertNew(entries, inserts)) updates.push(updateOf(document, 'WHOLE'));
  if (updates.length > 0) await entries.bulkWrite(updates, { ordered: false });
}

/**
 * The condition is part of the update, not of the filter: by id alone is how servers find documents the fastest.
 */
function updateOf(
  document: Partial<EntryDocument> & Pick<EntryDocument, '_id' | 'n'>,
  extent: 'WHOLE' | 'PART',
): AnyBulkWriteOperation<EntryDocument> {
  const image = { $literal: document };
  const next = extent === 'WHOLE' ? image : { $mergeObjects: ['$$ROOT', image] };
  return {
    updateOne: {
      filter: { _id: document._id },
      update: [{ $replaceWith: { $cond: [{ $lt: ['$n', document.n] }, next, '$$ROOT'] } }],
    },
  };
}

/** @returns Those that are there already. */
async function insertNew(
  entries: Collection<EntryDocument>,
  documents: readonly EntryDocument[],
): Promise<readonly EntryDocument[]> {
  if (documents.length === 0) return [];
  try {
    await entries.insertMany(documents, { ordered: false });
    return [];
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError)) throw error;
    const errors = [error.writeErrors].flat();
    // Where the server goes in the middle the driver throws the same, and names no document.
    const areThere = errors.length > 0 && errors.every(({ code }) => code === DUPLICATE_KEY);
    if (!areThere || error.result.getWriteConcernError()) throw error;
    return errors.flatMap(({ index }) => documents[index] ?? []);
  }
}

const DUPLICATE_KEY = 11_000;
