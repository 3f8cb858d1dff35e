import {
  type GraphQLNamedType,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { PreparedOperation } from '../execution/prepare.ts';

/** Fields that are of another type in `after` than in `before`: `Book.price`. What is new or gone does not count. */
export function retypedFields(before: GraphQLSchema, after: GraphQLSchema): ReadonlySet<string> {
  const retyped = new Set<string>();
  if (before === after) return retyped;
  for (const [typeName, type] of Object.entries(before.getTypeMap())) {
    if (typeName.startsWith('__')) continue;
    const fields = fieldsOf(after.getType(typeName));
    for (const [name, field] of Object.entries(fieldsOf(type))) {
      const now = fields[name];
      if (now && String(now.type) !== String(field.type)) retyped.add(`${typeName}.${name}`);
    }
  }
  return retyped;
}

/** @returns The first of the fields that the operation selects. */
export function selectedOf(
  { document, snapshot }: PreparedOperation,
  fields: ReadonlySet<string>,
): string | undefined {
  if (fields.size === 0) return undefined;
  let found: string | undefined;
  const info = new TypeInfo(snapshot.schema);
  visit(
    document,
    visitWithTypeInfo(info, {
      Field({ name }) {
        const field = `${info.getParentType()?.name}.${name.value}`;
        if (fields.has(field)) found ??= field;
      },
    }),
  );
  return found;
}

function fieldsOf(type: GraphQLNamedType | undefined) {
  return isObjectType(type) || isInterfaceType(type) ? type.getFields() : {};
}
