import { type DefinitionNode, Kind, parse, separateOperations } from 'graphql';

/**
 * Leaves in a document only the operation that is run and the fragments it uses, and blanks the rest, so that
 * an operation whose types do not exist yet does not make the server refuse the others beside it.
 * What stays keeps its place: lines and columns in the server's errors are those of the editor.
 *
 * @returns The source unchanged where there is nothing to choose: one operation, a name given twice or not at
 *   all, or a syntax error, which the server explains better.
 */
export function selectedOperation(source: string, operationName: string | null | undefined): string {
  if (!operationName) return source;
  let definitions: readonly DefinitionNode[];
  let operations: readonly DefinitionNode[];
  try {
    const document = parse(source);
    operations = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
    definitions = separateOperations(document)[operationName]?.definitions ?? [];
  } catch {
    return source;
  }
  const named = operations.filter((node) => 'name' in node && node.name?.value === operationName);
  if (operations.length < 2 || named.length !== 1) return source;

  let kept = '';
  let end = 0;
  for (const { loc } of definitions) {
    if (!loc) return source;
    kept += blank(source.slice(end, loc.start)) + source.slice(loc.start, loc.end);
    end = loc.end;
  }
  return kept;
}

function blank(text: string): string {
  return text.replace(/[^\r\n]/g, ' ');
}
