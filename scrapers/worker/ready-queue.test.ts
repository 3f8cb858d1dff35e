import { describe, expect, it } from 'vitest';
import { ReadyQueue } from './ready-queue.ts';

function drain(queue: ReadyQueue<string>): { items: string[]; leave: (item: string) => void } {
  const leaves = new Map<string, () => void>();
  for (let turn = queue.take(); turn; turn = queue.take()) leaves.set(turn.item, turn.leave);
  return { items: [...leaves.keys()], leave: (item) => leaves.get(item)?.() };
}

describe('ReadyQueue', () => {
  it('lets hosts take turns, however much waits for one of them', () => {
    const queue = new ReadyQueue<string>({ placesMax: 4, hostPlacesMax: () => 3 });
    for (let count = 1; count <= 9; count++) queue.add(`big-${count}`, 'big', false);
    queue.add('small-1', 'small', false);
    expect(drain(queue).items).toEqual(['big-1', 'small-1', 'big-2', 'big-3']);
  });

  it('gives a host no more places than it may have, and fills what is left', () => {
    const queue = new ReadyQueue<string>({ placesMax: 10, hostPlacesMax: () => 2 });
    for (const item of ['a1', 'a2', 'a3', 'a4']) queue.add(item, 'a', false);
    const first = drain(queue);
    expect(first.items).toEqual(['a1', 'a2']);
    first.leave('a1');
    expect(drain(queue).items).toEqual(['a3']);
  });

  it('takes what is urgent first, also what became so while it waited', () => {
    const queue = new ReadyQueue<string>({ placesMax: 2, hostPlacesMax: () => 1 });
    queue.add('a', 'one', false);
    queue.add('b', 'two', false);
    queue.add('c', 'three', false);
    queue.add('c', 'three', true);
    expect(drain(queue).items).toEqual(['c', 'a']);
  });

  it('counts an item once, and forgets one that is taken back', () => {
    const queue = new ReadyQueue<string>({ placesMax: 5, hostPlacesMax: () => 5 });
    queue.add('a', 'host', false);
    queue.add('a', 'host', false);
    queue.add('b', 'host', true);
    queue.delete('b');
    const { items, leave } = drain(queue);
    expect(items).toEqual(['a']);
    leave('a');
    queue.add('a', 'host', false);
    expect(drain(queue).items).toEqual(['a']);
  });
});
