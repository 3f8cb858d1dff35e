import { isDuplicateKey } from '../../mongo.ts';
import type { FoldCollections, FoldDocument } from './schema.ts';

/**
 * Who may fold a collection: a matter of not doing work twice. What a holder writes is safe by the log's numbers, not
 * by the clocks of those who ask.
 */
export class FoldLeases {
  readonly #folds: FoldCollections['folds'];

  constructor({ folds }: Pick<FoldCollections, 'folds'>) {
    this.#folds = folds;
  }

  /** @returns The lease's token, or undefined where another holder has it. */
  async acquire(
    collection: number,
    holder: string,
    ttlMs: number,
    nowMs: number,
  ): Promise<number | undefined> {
    const isHeld = { $and: [{ $ne: [{ $ifNull: ['$holder', null] }, null] }, { $gt: ['$until', nowMs] }] };
    const isOurs = { $or: [{ $not: [isHeld] }, { $eq: ['$holder', { $literal: holder }] }] };
    const update = () =>
      this.#folds.findOneAndUpdate(
        { _id: collection },
        [
          { $set: { ...EMPTY_FOLD, isHeld, isOurs } },
          {
            $set: {
              token: { $add: ['$token', { $cond: ['$isHeld', 0, 1] }] },
              holder: { $cond: ['$isOurs', { $literal: holder }, '$holder'] },
              until: { $cond: ['$isOurs', nowMs + ttlMs, '$until'] },
            },
          },
          { $unset: ['isHeld', 'isOurs'] },
        ],
        { upsert: true, returnDocument: 'after', projection: { holder: 1, token: 1 } },
      );
    // Of two that make the document at once, servers may let one fail.
    const fold = await update().catch((error) => {
      if (isDuplicateKey(error)) return update();
      throw error;
    });
    return fold?.holder === holder ? fold.token : undefined;
  }

  async release(collection: number, token: number): Promise<void> {
    await this.#folds.updateOne({ _id: collection, token }, { $set: { holder: null, until: 0 } });
  }

  async isHeld(collection: number, token: number): Promise<boolean> {
    return (await this.#folds.findOne({ _id: collection }, { projection: { token: 1 } }))?.token === token;
  }
}

/** What a collection that was never folded has, where it has nothing else. */
const EMPTY_FOLD = Object.fromEntries(
  Object.entries({
    holder: null,
    token: 0,
    until: 0,
    n: 0,
    commitToken: 0,
    state: null,
    definition: null,
    floor: 0,
    trimmed: 0,
  } satisfies Omit<FoldDocument, '_id'>).map(([name, value]) => [name, { $ifNull: [`$${name}`, value] }]),
);
