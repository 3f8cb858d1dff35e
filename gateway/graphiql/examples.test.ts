import { readFileSync } from 'node:fs';
import { type DocumentNode, Kind, parse, print, visit } from 'graphql';
import { expect, it } from 'vitest';
import { exampleTabs } from './examples.ts';

const LINE_MAX = 80;

it('opens the sample shop beside the worked examples only where there is one', () => {
  expect(exampleTabs(new Set(['sources']))).toHaveLength(1);
  expect(exampleTabs(new Set(['sources', 'products']))).toHaveLength(2);
});

it('gives every operation a name of its own, for the run button', () => {
  for (const { query } of exampleTabs(new Set(['products']))) {
    const names = operationNames(parse(query));
    expect(names).not.toContain(undefined);
    expect(new Set(names).size).toBe(names.length);
    expect(query.split('\n').filter((line) => line.length > LINE_MAX)).toEqual([]);
  }
});

it('has the first mutation of the README in its first tab', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const [, mutation = ''] = /```graphql\n(mutation[\s\S]*?)```/.exec(readme) ?? [];
  const [first] = exampleTabs(new Set());
  const examples = parse(first?.query ?? '').definitions.map((definition) => print(definition));
  expect(examples).toContain(print(parse(mutation)).trim());
});

function operationNames(document: DocumentNode): (string | undefined)[] {
  const names: (string | undefined)[] = [];
  visit(document, { [Kind.OPERATION_DEFINITION]: ({ name }) => void names.push(name?.value) });
  return names;
}
