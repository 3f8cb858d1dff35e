import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  getArgumentValues,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { codedError } from '../execution/errors.ts';
import type { OperationRequest, PreparedOperation, Refused } from '../execution/prepare.ts';
import { covers, type Role } from './roles.ts';

type Variables = OperationRequest['variables'];

/** What an operation wants of whoever sends it, and how that is said. */
export interface Requirement {
  readonly role: Role;
  /** `Mutations`: what it is in the operation that wants the role. */
  readonly because: string;
}

const READING: Requirement = { role: 'READ', because: 'Reading' };
const CHANGING: Requirement = { role: 'WRITE', because: 'A mutation' };

/** Mutations that destroy data, by name: whether they do with these arguments, and how that is said. */
const DESTROYING: Readonly<
  Record<string, { readonly does: (values: Record<string, unknown>) => boolean; readonly because: string }>
> = {
  removeSource: {
    // The service takes null for the default. Anything else that is not KEEP counts, also what is not known here yet.
    does: ({ data }) => (data ?? 'KEEP') !== 'KEEP',
    because: 'removeSource with "data: DELETE"',
  },
};

/**
 * Which role an operation wants, from its text and variables alone. Aliases hide nothing, nor do fragments; what
 * `@skip` leaves out counts all the same, since that says more of this one call than of the operation.
 *
 * @param variables Such as `admit` has let in.
 */
export function requiredRole(
  schema: GraphQLSchema,
  { operation, fragments }: Pick<PreparedOperation, 'operation' | 'fragments'>,
  variables: Variables,
): Requirement {
  if (operation.operation !== 'mutation') return READING;
  const fields = schema.getMutationType()?.getFields() ?? {};
  for (const node of rootFields(operation.selectionSet, fragments)) {
    const destroying = DESTROYING[node.name.value];
    const definition = fields[node.name.value];
    if (!destroying || !definition) continue;
    if (destroying.does(getArgumentValues(definition, node, coerced(schema, operation, variables))))
      return { role: 'ADMIN', because: destroying.because };
  }
  return CHANGING;
}

/** @returns Why who has the role may not run the operation; undefined where they may. */
export function permit(prepared: PreparedOperation, variables: Variables, has: Role): Refused | undefined {
  const { role, because } = requiredRole(prepared.snapshot.schema, prepared, variables);
  if (covers(has, role)) return undefined;
  const message = `${because} wants a key with role ${role}; this one's is ${has}.`;
  return { errors: [codedError('FORBIDDEN', message)] };
}

function coerced(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Variables,
): Record<string, unknown> {
  const result = getVariableValues(schema, operation.variableDefinitions ?? [], variables ?? {});
  if (!result.coerced) throw new TypeError('The variables were not admitted.');
  return result.coerced;
}

/** Every field of the root, once for each place where it stands. */
function* rootFields(
  selectionSet: SelectionSetNode,
  fragments: Readonly<Record<string, FragmentDefinitionNode>>,
  seen = new Set<string>(),
): Generator<FieldNode> {
  for (const selection of selectionSet.selections) {
    if (selection.kind === Kind.FIELD) yield selection;
    else if (selection.kind === Kind.INLINE_FRAGMENT)
      yield* rootFields(selection.selectionSet, fragments, seen);
    else {
      const { value: name } = selection.name;
      const fragment = fragments[name];
      // A fragment means the same wherever it is spread, and may be spread a thousand times.
      if (!fragment || seen.has(name)) continue;
      seen.add(name);
      yield* rootFields(fragment.selectionSet, fragments, seen);
    }
  }
}
