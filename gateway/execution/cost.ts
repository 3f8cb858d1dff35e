import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isObjectType,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';

export interface OperationSize {
  /** Levels of fields; introspection counts as one. */
  readonly depth: number;
  /** Values that an answer may hold. @see measureOperation */
  cost(variables: Readonly<Record<string, unknown>>): number;
}

/** How many times the selection below a field is answered: a number, or a variable that will hold it. */
interface Times {
  readonly variable?: string;
  readonly value: number;
}

interface Size {
  readonly depth: number;
  readonly parts: readonly Part[];
}

/** So many times what is below it, and one for the field itself. */
interface Part {
  readonly own: number;
  readonly times: Times;
  readonly below: Size;
}

const ONCE: Times = { value: 1 };
const NOTHING: Size = { depth: 0, parts: [] };

/**
 * Measures an operation that has been validated. The cost of a field is 1 plus the cost of what is selected below it,
 * times its `first` argument where it has one:
 *
 * `books(first: 100) { nodes { title meta { updatedAt } } }` costs 1 + 100 × (1 + 1 + (1 + 1)) = 401.
 *
 * Lists without `first` count once, since the schema keeps them short. Of alternatives (fragments on different types) all count.
 * Measuring takes time in proportion to the text, also where fragments nested in fragments stand for
 * exponentially many fields; so it comes before anything that would visit these.
 */
export function measureOperation(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: Readonly<Record<string, FragmentDefinitionNode>>,
): OperationSize {
  const ofFragments = new Map<string, Size>();

  function ofSelections(selections: SelectionSetNode, type: GraphQLOutputType | undefined): Size {
    let depth = 0;
    const parts: Part[] = [];
    for (const selection of selections.selections) {
      if (selection.kind === 'Field') {
        const part = ofField(selection, type);
        parts.push(part);
        depth = Math.max(depth, 1 + part.below.depth);
        continue;
      }
      const below =
        selection.kind === 'FragmentSpread'
          ? ofFragment(selection.name.value)
          : ofSelections(selection.selectionSet, typeNamed(selection.typeCondition?.name.value) ?? type);
      parts.push({ own: 0, times: ONCE, below });
      depth = Math.max(depth, below.depth);
    }
    return { depth, parts };
  }

  function ofField(field: FieldNode, parent: GraphQLOutputType | undefined): Part {
    const isIntrospection = field.name.value.startsWith('__');
    if (!field.selectionSet || isIntrospection) return { own: 1, times: ONCE, below: NOTHING };
    const named = parent && getNamedType(parent);
    const definition =
      isObjectType(named) || isInterfaceType(named) ? named.getFields()[field.name.value] : undefined;
    const first = definition?.args.find((argument) => argument.name === 'first');
    const given = field.arguments?.find((argument) => argument.name.value === 'first')?.value;
    const times = first ? timesOf(given, first.defaultValue) : ONCE;
    return { own: 1, times, below: ofSelections(field.selectionSet, definition?.type) };
  }

  function ofFragment(name: string): Size {
    let size = ofFragments.get(name);
    const fragment = fragments[name];
    if (!size && fragment) {
      size = ofSelections(fragment.selectionSet, typeNamed(fragment.typeCondition.name.value));
      ofFragments.set(name, size);
    }
    return size ?? NOTHING;
  }

  function typeNamed(name: string | undefined): GraphQLOutputType | undefined {
    return name === undefined ? undefined : (schema.getType(name) as GraphQLOutputType | undefined);
  }

  function timesOf(given: ValueNode | undefined, fallback: unknown): Times {
    if (given?.kind === 'IntValue') return { value: Number(given.value) };
    const value = typeof fallback === 'number' ? fallback : 1;
    if (given?.kind !== 'Variable') return { value };
    const variable = given.name.value;
    const definition = operation.variableDefinitions?.find((node) => node.variable.name.value === variable);
    const ownDefault = definition?.defaultValue;
    return { variable, value: ownDefault?.kind === 'IntValue' ? Number(ownDefault.value) : value };
  }

  const root = schema.getRootType(operation.operation) ?? undefined;
  const size = ofSelections(operation.selectionSet, root);
  return { depth: size.depth, cost: (variables) => costOf(size, variables, new Map()) };
}

function costOf(size: Size, variables: Readonly<Record<string, unknown>>, known: Map<Size, number>): number {
  let cost = known.get(size);
  if (cost !== undefined) return cost;
  cost = 0;
  for (const { own, times, below } of size.parts) {
    const given = times.variable === undefined ? undefined : variables[times.variable];
    const factor = typeof given === 'number' ? given : times.value;
    cost += own + Math.max(1, factor) * costOf(below, variables, known);
  }
  known.set(size, cost);
  return cost;
}
