import type { FoldCollections } from './schema.ts';

/**
 * Forgets tombstones that are older than `before`. The floor goes up first: readers from below it begin anew from
 * then on. The documents stay for a while yet, as they keep late writes of a holder that froze from bringing an
 * entry back; the server deletes them.
 *
 * @returns How many it forgot.
 */
export async function pruneTombstones(
  { folds, entries }: FoldCollections,
  collection: number,
  before: number,
  limit: number,
): Promise<number> {
  const fold = await folds.findOne({ _id: collection }, { projection: { floor: 1 } });
  if (!fold) return 0;
  const oldest = await entries
    .find({ c: collection, x: true, v: { $gt: fold.floor }, b: { $lt: before } }, { projection: { v: 1 } })
    .sort({ v: 1 })
    .limit(limit)
    .toArray();
  const last = oldest.at(-1)?.v;
  if (last === undefined) return 0;
  await folds.updateOne({ _id: collection }, { $max: { floor: last } });
  await entries.updateMany(
    { c: collection, x: true, v: { $gt: fold.floor, $lte: last } },
    { $currentDate: { g: true } },
  );
  return oldest.length;
}

/**
 * Forgets commits whose changes are all older than `before`: about `limit` items of the history.
 *
 * @returns How many items it forgot.
 */
export async function pruneHistory(
  { folds, commits, parts }: FoldCollections,
  collection: number,
  before: number,
  limit: number,
): Promise<number> {
  const fold = await folds.findOne({ _id: collection }, { projection: { n: 1 } });
  if (!fold) return 0;
  const oldest = await commits
    .find({ c: collection, last: { $lt: before } }, { projection: { n: 1, items: 1, id: 1, changeParts: 1 } })
    .sort({ last: 1 })
    .limit(limit)
    .toArray();
  let items = 0;
  const ids: string[] = [];
  for (const commit of oldest) {
    if (items >= limit || commit.n > fold.n) break;
    ids.push(commit._id);
    items += commit.items ?? 0;
    const { changeParts = 0 } = commit;
    if (changeParts > 0) {
      await parts.deleteMany({ _id: { $gte: `${commit._id}/`, $lt: `${commit._id}0` } });
    }
  }
  if (ids.length > 0) await commits.deleteMany({ _id: { $in: ids } });
  return items;
}
