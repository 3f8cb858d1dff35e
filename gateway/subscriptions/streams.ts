import { isDeepStrictEqual } from 'node:util';
import type { GraphQLSchema } from 'graphql';
import { type Closeable, Scope } from '../../platform/scope.ts';
import { codedError } from '../execution/errors.ts';
import type { OperationRequest, Prepare, PreparedOperation } from '../execution/prepare.ts';
import type { Snapshot } from '../supergraph/snapshot.ts';
import { retypedFields, selectedOf } from './changed-fields.ts';
import {
  LiveStream,
  type StreamDeps,
  type StreamOptions,
  type StreamSubject,
  type Subscriber,
} from './live-stream.ts';
import { describeSubscription, type Start, type SubscriptionOperation } from './operation.ts';

export interface Streams extends Closeable {
  /** Delivers the subscription's events until the returned handle is closed or the subscriber is told of the end. */
  follow(
    prepared: PreparedOperation,
    variables: OperationRequest['variables'],
    subscriber: Subscriber,
  ): Closeable;
  /**
   * Ends the streams whose root field has gone with the last swap, and those that select a field of another type now: the
   * subgraph goes on by the types that it began the subscription with, so it could not say such a field's values.
   * All others go on.
   */
  onSwap(snapshot: Snapshot): void;
}

/**
 * All streams of one operation and its variables. `live` is the one that newcomers join; the others are on their
 * way to it.
 */
interface Family {
  live: LiveStream | undefined;
  readonly streams: Set<LiveStream>;
}

export interface StreamsDeps extends Omit<StreamDeps, 'renew'> {
  readonly snapshot: () => Snapshot | undefined;
  readonly prepare: Prepare;
}

/**
 * Lets many subscribers of one operation share one upstream, without any of them missing an event.
 *
 * It rests on one promise of the subgraphs. An event's cursor is either a *place*, or stands for its reader's own way.
 * Readers of one operation (same text, same variables, but for where they start) whose last event had the same place have
 * the same, and what follows for one is right for the other. So:
 *
 * 1. Who asks for a snapshot, or for what came after a cursor, gets a stream of its own, and with it exactly what the
 *    subgraph answers it. Others who ask the same before its first event share it.
 * 2. Once such a stream has come to a place where the family's *live* stream is, or was a few messages ago, its
 *    subscribers get these messages and go on with the live stream; its own upstream is closed. Where there is no live
 *    stream, it becomes it.
 * 3. Who asks for what happens from now on joins the live stream, or becomes it.
 *
 * Joining is one synchronous step, so nothing comes between. A cursor that an app sends is no place: what the app has need
 * not have come by that cursor's events. Streams that never meet, as in a rush of changes that their upstreams sum up
 * differently, stay apart until it is calm: that costs an upstream, and loses nothing.
 *
 * A subscription without `after` tells what happens, from now on: it is shared at once. One that is told a state has a
 * stream of its own: its first event is what it asked for, and there are few who watch.
 */
export function openStreams(deps: StreamsDeps, options: StreamOptions): Streams {
  const families = new Map<string, Family>();
  const all = () => [...families.values()].flatMap(({ streams }) => [...streams]);
  const readings = new Scope();
  readings.use(deps.metrics.streams.from(() => all().length));
  readings.use(
    deps.metrics.subscribers.from(() =>
      all().reduce((count, { subscriberCount }) => count + subscriberCount, 0),
    ),
  );
  const described = new WeakMap<PreparedOperation, SubscriptionOperation>();

  /** For operations that do not fit the current graph: for which one that is known. */
  const outgrown = new WeakMap<PreparedOperation, Snapshot>();

  const streamDeps: StreamDeps = {
    ...deps,
    renew(prepared) {
      const snapshot = deps.snapshot();
      if (!snapshot || snapshot === prepared.snapshot) return prepared;
      if (outgrown.get(prepared) === snapshot) return prepared;
      const renewed = deps.prepare(snapshot, prepared.request);
      if (!('errors' in renewed) && keyOf(renewed) === keyOf(prepared)) return renewed;
      outgrown.set(prepared, snapshot);
      return prepared;
    },
  };
  const keyOf = (prepared: PreparedOperation) => operationOf(prepared).streamKeyOf({});

  function operationOf(prepared: PreparedOperation): SubscriptionOperation {
    const known = described.get(prepared);
    if (known) return known;
    const operation = describeSubscription(prepared);
    described.set(prepared, operation);
    return operation;
  }

  function open(key: string, family: Family, subject: StreamSubject): LiveStream {
    const stream = new LiveStream(streamDeps, subject, options, {
      moved: () => settle(family),
      closed(closed) {
        family.streams.delete(closed);
        if (family.live === closed) family.live = undefined;
        if (family.streams.size === 0 && families.get(key) === family) families.delete(key);
      },
    });
    family.streams.add(stream);
    if (subject.start.from === 'now') family.live ??= stream;
    return stream;
  }

  /** A stream that a newcomer misses nothing by joining. */
  function joinable({ live, streams }: Family, start: Start): LiveStream | undefined {
    if (start.from === 'now' && live?.isCurrent) return live;
    const isAlike = (other: LiveStream) => !other.hasDelivered && isDeepStrictEqual(other.start, start);
    return [...streams].find(isAlike);
  }

  function settle(family: Family): void {
    for (const stream of family.streams) {
      const { place } = stream.recent;
      if (place === undefined || stream === family.live) continue;
      const missed = family.live?.recent.after(place);
      if (!family.live) family.live = stream;
      else if (missed) stream.moveTo(family.live, missed);
    }
  }

  return {
    follow(prepared, variables, subscriber) {
      const operation = operationOf(prepared);
      const given = variables ?? {};
      const key = operation.streamKeyOf(given);
      const start = operation.startOf(given);
      const family = families.get(key) ?? { live: undefined, streams: new Set() };
      families.set(key, family);
      const stream =
        joinable(family, start) ?? open(key, family, { prepared, operation, variables: given, start });
      stream.add(subscriber);
      return {
        close() {
          for (const member of [...family.streams]) member.remove(subscriber);
        },
      };
    },

    onSwap({ schema }) {
      const fields = schema.getSubscriptionType()?.getFields() ?? {};
      const retyped = new Map<GraphQLSchema, ReadonlySet<string>>();
      const retypedSince = (before: GraphQLSchema) => {
        const known = retyped.get(before) ?? retypedFields(before, schema);
        retyped.set(before, known);
        return known;
      };
      const endOf = ({ operation, prepared }: LiveStream): string | undefined => {
        const { rootField } = operation;
        if (!(rootField in fields)) return `The subscription ${rootField} is no longer part of the graph.`;
        const field = selectedOf(prepared, retypedSince(prepared.snapshot.schema));
        return field && `${field} is of another type now. Subscribe again, without a cursor.`;
      };
      for (const stream of all()) {
        const end = endOf(stream);
        if (end !== undefined) stream.end([codedError('NOT_FOUND', end).toJSON()]);
      }
    },

    async close() {
      await readings.close();
      for (const stream of all()) stream.end([]);
    },
  };
}
