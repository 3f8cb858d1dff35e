import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  TypeInfo,
  type VariableNode,
  visit,
  visitWithTypeInfo,
} from 'graphql';

/** What an event's cursor, and the cursor to resume after, are called upstream: unlike anything an app selects. */
export const CURSOR = '_streamCursor';
export const AFTER = '_streamAfter';

/** Arguments that say where a stream starts, not what is in it. */
const START_ARGUMENTS = new Set(['after', 'snapshot']);

/** The planner writes a subscription's root field out, without fragments around it. */
export function rootFieldOf(upstream: DocumentNode): FieldNode {
  const [operation] = upstream.definitions;
  const [field] = operation?.kind === Kind.OPERATION_DEFINITION ? operation.selectionSet.selections : [];
  if (field?.kind !== Kind.FIELD) throw new Error('The plan of a subscription does not begin with a field.');
  return field;
}

/** Adds the cursor to the selection of every kind of event that has one. */
export function selectCursor(
  upstream: DocumentNode,
  schema: GraphQLSchema,
  definition: GraphQLField<unknown, unknown>,
): DocumentNode {
  const type = getNamedType(definition.type);
  const selections: SelectionNode[] = isObjectType(type)
    ? cursorOf(type)
    : isAbstractType(type)
      ? schema.getPossibleTypes(type).flatMap((member): SelectionNode[] => {
          const cursor = cursorOf(member);
          return cursor.length > 0 ? [fragmentOn(member.name, cursor)] : [];
        })
      : [];
  return mapRootField(upstream, (field) => ({
    ...field,
    selectionSet: {
      kind: Kind.SELECTION_SET,
      selections: [...(field.selectionSet?.selections ?? []), ...selections],
    },
  }));
}

function cursorOf(type: GraphQLObjectType): FieldNode[] {
  if (!type.getFields().cursor) return [];
  return [{ kind: Kind.FIELD, alias: nameNode(CURSOR), name: nameNode('cursor') }];
}

function fragmentOn(type: string, selections: SelectionNode[]): SelectionNode {
  return {
    kind: Kind.INLINE_FRAGMENT,
    typeCondition: { kind: Kind.NAMED_TYPE, name: nameNode(type) },
    selectionSet: { kind: Kind.SELECTION_SET, selections },
  };
}

function nameNode(value: string) {
  return { kind: Kind.NAME, value } as const;
}

export function withAfterVariable(upstream: DocumentNode): DocumentNode {
  const variable = { kind: Kind.VARIABLE, name: nameNode(AFTER) } as const;
  const after: ArgumentNode = { kind: Kind.ARGUMENT, name: nameNode('after'), value: variable };
  const resumed = mapRootField(upstream, (field) => ({
    ...field,
    arguments: [...(field.arguments ?? []).filter((argument) => argument.name.value !== 'after'), after],
  }));
  const declared = mapOperation(resumed, (operation) => ({
    ...operation,
    variableDefinitions: [
      ...(operation.variableDefinitions ?? []),
      {
        kind: Kind.VARIABLE_DEFINITION,
        variable,
        type: { kind: Kind.NAMED_TYPE, name: nameNode('String') },
      },
    ],
  }));
  return withoutUnusedVariables(declared);
}

export function stripStart(upstream: DocumentNode): DocumentNode {
  return withoutUnusedVariables(mapRootField(upstream, withoutStartArguments));
}

/** The app's operation alone, without what says where it starts. */
export function withoutStart(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  schema: GraphQLSchema,
): DocumentNode {
  const alone: DocumentNode = {
    ...document,
    definitions: document.definitions.filter(
      (node) => node === operation || node.kind === Kind.FRAGMENT_DEFINITION,
    ),
  };
  const types = new TypeInfo(schema);
  const stripped = visit(
    alone,
    visitWithTypeInfo(types, {
      [Kind.FIELD]: (field: FieldNode) =>
        types.getParentType() === schema.getSubscriptionType() ? withoutStartArguments(field) : undefined,
    }),
  );
  return withoutUnusedVariables(stripped);
}

function withoutStartArguments(field: FieldNode): FieldNode {
  return {
    ...field,
    arguments: field.arguments?.filter((argument) => !START_ARGUMENTS.has(argument.name.value)) ?? [],
  };
}

function withoutUnusedVariables(document: DocumentNode): DocumentNode {
  const used = new Set(variablesOf(document));
  return mapOperation(document, (operation) => ({
    ...operation,
    variableDefinitions:
      operation.variableDefinitions?.filter((definition) => used.has(definition.variable.name.value)) ?? [],
  }));
}

export function variablesOf(document: DocumentNode): readonly string[] {
  const used = new Set<string>();
  visit(document, {
    [Kind.VARIABLE_DEFINITION]: () => false,
    [Kind.VARIABLE]: (variable: VariableNode) => void used.add(variable.name.value),
  });
  return [...used].sort();
}

function mapOperation(
  document: DocumentNode,
  change: (operation: OperationDefinitionNode) => OperationDefinitionNode,
): DocumentNode {
  return {
    ...document,
    definitions: document.definitions.map((node) =>
      node.kind === Kind.OPERATION_DEFINITION ? change(node) : node,
    ),
  };
}

function mapRootField(upstream: DocumentNode, change: (field: FieldNode) => FieldNode): DocumentNode {
  const field = rootFieldOf(upstream);
  return mapOperation(upstream, (operation) => ({
    ...operation,
    selectionSet: {
      ...operation.selectionSet,
      selections: operation.selectionSet.selections.map((node) => (node === field ? change(field) : node)),
    },
  }));
}
