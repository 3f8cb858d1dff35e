import { TributaryError } from '../../../platform/errors.ts';
import type { CollectionDefinition } from '../../../platform/model/collection-definition.ts';
import { aggregatedType } from '../../../platform/model/field-type.ts';
import { generatedNames } from '../../../platform/model/names.ts';
import type { LiveCollection } from '../live-collection.ts';
import { readFilter } from '../querying/condition.ts';
import { type ConnectionArguments, connection } from '../querying/connection.ts';
import { readOrder } from '../querying/order.ts';
import type { FieldTypes } from '../querying/target.ts';
import type { SubscriptionEvent } from '../subscriptions/subscriber.ts';
import { decodeSubscriptionCursor } from '../subscriptions/subscription-cursor.ts';
import type { ViewEntry } from '../view/row-codec.ts';
import { fieldValue, fitValue } from '../view/values.ts';
import type { Collections } from './collections.ts';
import { entryMeta } from './entry-meta.ts';

interface ListArguments extends ConnectionArguments {
  readonly filter?: Readonly<Record<string, unknown>> | null;
  readonly orderBy?: readonly Readonly<Record<string, unknown>>[] | null;
}

interface ChangedArguments {
  readonly after?: string | null;
  readonly filter?: Readonly<Record<string, unknown>> | null;
  readonly snapshot?: boolean | null;
}

/** Resolvers of what one collection adds to the graph. They know its fields' types as they were when the schema was built. */
export function collectionResolvers(definition: CollectionDefinition, collections: Collections) {
  const { name } = definition;
  const names = generatedNames(name);
  const types: FieldTypes = new Map(definition.fields.map((field) => [field.name, aggregatedType(field)]));

  /** @throws {TributaryError} NOT_FOUND where it has been deleted since the operation began. */
  function live(): LiveCollection {
    const found = collections.get(name);
    if (!found) throw new TributaryError('NOT_FOUND', `The collection "${name}" has been deleted.`);
    return found;
  }

  const fieldResolvers = Object.fromEntries(
    [...types].map(([field, type]) => [
      field,
      (entry: ViewEntry) => fitValue(type, fieldValue(entry.fields, field)),
    ]),
  );
  const typeNames = { snapshot: names.snapshot, delta: names.delta, cursorExpired: names.cursorExpired };

  return {
    Query: {
      [names.lookup]: (_: unknown, { key }: { key: string }) => live().view.table.byKey(key),
      [names.list]: (_: unknown, { filter, orderBy, ...page }: ListArguments) =>
        connection(
          live().view,
          page,
          { condition: readFilter(filter, types), order: readOrder(orderBy, types) },
          (entry) => entry,
        ),
    },
    Subscription: {
      [names.changed]: {
        subscribe: (_: unknown, { after, filter, snapshot }: ChangedArguments) =>
          collections.subscribe(live(), {
            condition: readFilter(filter, types),
            after: after == null ? undefined : decodeSubscriptionCursor(after),
            snapshot: snapshot ?? true,
          }),
        resolve: (event: SubscriptionEvent) => event,
      },
    },
    [names.event]: { __resolveType: (event: SubscriptionEvent) => typeNames[event.kind] },
    [names.type]: {
      __resolveReference: ({ id }: { id: string }) => live().view.table.byId(id),
      ...fieldResolvers,
      meta: (entry: ViewEntry) => entryMeta(live(), entry),
    },
  };
}
