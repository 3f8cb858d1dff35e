import { BadUserInputError, SourceRemovedError, StaleTokenError } from '../../errors.ts';
import {
  type Appended,
  type BatchDelivery,
  BatchesMissingError,
  CollectionGoneError,
  type RunCompletion,
  type RunDelivery,
  RunSupersededError,
} from '../../ports/collection-store.ts';
import { type ItemBody, itemNames, runKey, type SourceDeliveries } from './journal-schema.ts';
import type { JournalState } from './journal-state.ts';

/** What an append does next, by what the journal says until now. */
export type Step =
  | {
      readonly does: 'JOURNAL';
      /** Of what must be journaled once only. */
      readonly name?: string;
      readonly body: ItemBody;
      /** False where it only prepares: then the append decides again behind it. */
      readonly isLast: boolean;
    }
  /** Decides again with what the journal has under its name, and of its run. */
  | { readonly does: 'LOOK_UP' }
  | {
      readonly does: 'ANSWER';
      readonly outcome: Appended | Error;
      /** Whether it only holds where the journal was read to its end since the append came. */
      readonly wantsTail: boolean;
    };

/** What was looked up. */
export interface Found {
  /** The item with the append's name. */
  readonly item: { readonly c: number; readonly s: number } | undefined;
  /** Whether an item of the run is journaled, and not forgotten. */
  readonly isBegun: boolean;
}

/** Something to be appended, and the rules by which. */
export interface Append {
  readonly nowMs: number;
  /** Under which its item is looked up, and of which run and source. */
  readonly lookUp?: { readonly name: string; readonly begins: string; readonly sourceId: string };
  /** Asked again whenever the journal has gone on. */
  decide(state: JournalState, found: Found | undefined): Step;
  /** Whether all that is known is stored before it is answered. */
  readonly isToStore?: boolean;
}

/** One document takes 16 MiB on the server: this leaves room for the rest of the item. */
const PAYLOAD_BYTES_MAX = 16 * 1_024 * 1_024 - 16 * 1_024;

/** @throws {BadUserInputError} It is too large to be stored. */
export function batchAppend(c: number, batch: BatchDelivery, nowMs: number): Append {
  const { batchId, sourceId, runId, token, records, seenKeys } = batch;
  const payload = JSON.stringify({ records, seenKeys });
  if (Buffer.byteLength(payload) > PAYLOAD_BYTES_MAX) {
    throw new BadUserInputError(`Batch ${batchId} is larger than ${PAYLOAD_BYTES_MAX} bytes.`);
  }
  const begins = runKey(c, sourceId, runId);
  const name = itemNames.batch(batchId);
  return {
    nowMs,
    lookUp: { name, begins, sourceId },
    decide(state, found) {
      const known = state.source(sourceId);
      const refused = fence(state, batch, known);
      if (refused) return answer(refused);
      if (found?.item && found.item.c !== c) {
        return shown(batch, known, new BadUserInputError(`Batch ${batchId} is another collection's.`));
      }
      if (found?.item) return shown(batch, known, journaled(found.item));
      const isNew = known?.run?.id !== runId;
      if (isNew && known?.run && !found) return { does: 'LOOK_UP' };
      if (isNew && found?.isBegun) return shown(batch, known, new RunSupersededError(runId));
      const run = isNew ? { run: state.last + 1, begins } : { run: known?.run?.first ?? state.last + 1 };
      const n = records.length + seenKeys.length;
      const body = { kind: 'BATCH' as const, sourceId, runId, token, n, payload, ...run };
      return { does: 'JOURNAL', name, body, isLast: true };
    },
  };
}

export function completionAppend(c: number, completion: RunCompletion, nowMs: number): Append {
  const { sourceId, runId, token, batches } = completion;
  const begins = runKey(c, sourceId, runId);
  const name = itemNames.completion(begins);
  return {
    nowMs,
    lookUp: { name, begins, sourceId },
    decide(state, found) {
      const known = state.source(sourceId);
      const refused = fence(state, completion, known);
      if (refused) return answer(refused);
      if (found?.item) return shown(completion, known, journaled(found.item));
      const newest = known?.run?.id === runId ? known.run : undefined;
      if (newest?.completed !== undefined) {
        return shown(completion, known, { sequence: newest.completed, isDuplicate: true });
      }
      if (!newest && known?.run && !found) return { does: 'LOOK_UP' };
      if (!newest && found?.isBegun) return shown(completion, known, new RunSupersededError(runId));
      const delivered = newest?.batches ?? 0;
      if (delivered < batches) {
        return shown(completion, known, new BatchesMissingError(runId, delivered, batches));
      }
      const run = newest ? { run: newest.first } : { run: state.last + 1, begins };
      const body = { kind: 'RUN_COMPLETED' as const, sourceId, runId, token, ...run };
      return { does: 'JOURNAL', name, body, isLast: true };
    },
  };
}

export function expiryAppend(incarnation: string, nowMs: number): Append {
  return {
    nowMs,
    decide({ isGone }) {
      if (isGone) return answer(new CollectionGoneError(incarnation));
      return { does: 'JOURNAL', body: { kind: 'EXPIRE' }, isLast: true };
    },
  };
}

/** Refusals may be out of date, and hold only where the journal was read to its end. */
function answer(outcome: Appended | Error): Step {
  return { does: 'ANSWER', outcome, wantsTail: outcome instanceof Error };
}

function fence(
  state: JournalState,
  { incarnation, sourceId, token }: RunDelivery,
  known: SourceDeliveries | undefined,
): Error | undefined {
  if (state.isGone) return new CollectionGoneError(incarnation);
  const source = state.definition?.sources.find((other) => other.id === sourceId);
  if (!source || source.removed) return new SourceRemovedError(sourceId);
  return known && known.token > token ? new StaleTokenError(sourceId, token) : undefined;
}

/**
 * A token once shown stays, whatever becomes of the delivery: where nothing else of it is journaled, the token is,
 * so that every replica that appends has read it.
 */
function shown(
  { sourceId, token }: RunDelivery,
  known: SourceDeliveries | undefined,
  outcome: Appended | Error,
): Step {
  if (known && known.token >= token) return answer(outcome);
  const body = { kind: 'LEASE' as const, sourceId, token };
  return { does: 'JOURNAL', body, isLast: false };
}

function journaled({ s }: { readonly s: number }): Appended {
  return { sequence: s, isDuplicate: true };
}
