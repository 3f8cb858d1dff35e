import { getLocation, parse, Source } from 'graphql';
import { expect, it } from 'vitest';
import { selectedOperation } from './selected-operation.ts';

const SOURCE = `# one
query Sources { sources { nodes { ...Name } } }

fragment Name on Source { name }
query Books { books { nodes { title } } }
fragment Unused on Book { title }
`;

it('keeps the named operation and its fragments, where they were', () => {
  const result = selectedOperation(SOURCE, 'Sources');
  expect(result.trim()).toBe(
    'query Sources { sources { nodes { ...Name } } }\n\nfragment Name on Source { name }',
  );
  expect(selectedOperation(SOURCE, 'Books').trim()).toBe('query Books { books { nodes { title } } }');
  const [books] = parse(selectedOperation(SOURCE, 'Books')).definitions;
  expect(getLocation(new Source(SOURCE), books?.loc?.start ?? 0)).toEqual({ line: 5, column: 1 });
});

it('keeps line ends of both kinds, so that lines keep their numbers', () => {
  const source = 'query A { a }\r\n# β\r\nquery B { b }';
  expect(selectedOperation(source, 'B')).toBe('             \r\n   \r\nquery B { b }');
});

it.each([
  ['a single operation', 'query A { a } fragment F on T { f }', 'A'],
  ['no name', 'query A { a } query B { b }', null],
  ['an unknown name', 'query A { a } query B { b }', 'C'],
  ['a name given twice', 'query A { a } query A { b }', 'A'],
  ['a syntax error', 'query A { a } query B {', 'A'],
])('leaves a document with %s as it is', (_case, source, name) => {
  expect(selectedOperation(source, name)).toBe(source);
});
