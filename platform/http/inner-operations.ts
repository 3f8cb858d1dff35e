import { defaultFieldResolver, type GraphQLSchema } from 'graphql';
import { UnauthenticatedError } from '../errors.ts';

/** What every resolver of a subgraph gets. */
export interface SubgraphContext {
  /** Whether the caller showed the service token. */
  readonly isService: boolean;
}

/**
 * Makes every root field that the SDL marks `@inaccessible` refuse callers without the service token. The
 * mark that hides an operation from the graph is the one that guards it, so none can be forgotten.
 */
export function guardInnerOperations(schema: GraphQLSchema): GraphQLSchema {
  for (const type of [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]) {
    for (const field of Object.values(type?.getFields() ?? {})) {
      if (!field.astNode?.directives?.some((directive) => directive.name.value === 'inaccessible')) continue;
      const { resolve = defaultFieldResolver, subscribe } = field;
      field.resolve = (source, args, context: SubgraphContext, info) => {
        assertService(context);
        return resolve(source, args, context, info);
      };
      if (!subscribe) continue;
      field.subscribe = (source, args, context: SubgraphContext, info) => {
        assertService(context);
        return subscribe(source, args, context, info);
      };
    }
  }
  return schema;
}

function assertService(context: SubgraphContext): void {
  if (!context.isService) throw new UnauthenticatedError();
}
