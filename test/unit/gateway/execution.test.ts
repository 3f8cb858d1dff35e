import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeGraph } from './fake-graph.ts';

describe('the graph', () => {
  let graph: FakeGraph;
  beforeAll(async () => {
    graph = await FakeGraph.open();
  });
  afterAll(() => graph.close());

  it('joins what several subgraphs know of one thing', async () => {
    expect(await graph.ask('{ books { nodes { id label: title source { id name } } } }')).toEqual({
      data: {
        books: {
          nodes: [
            { id: 'b1', label: 'One', source: { id: 'source-of-b1', name: 'Source source-of-b1' } },
            { id: 'b2', label: 'Two', source: { id: 'source-of-b2', name: 'Source source-of-b2' } },
          ],
        },
      },
    });
  });
});
