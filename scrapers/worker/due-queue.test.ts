import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DueQueue } from './due-queue.ts';

describe('DueQueue', () => {
  it('gives out what is due, the earliest first, and nothing before its time', () => {
    const queue = new DueQueue<string>();
    queue.set('b', 20);
    queue.set('a', 10);
    queue.set('c', 30);
    expect(queue.nextAtMs).toBe(10);
    expect(queue.take(9)).toBeUndefined();
    expect([queue.take(25), queue.take(25), queue.take(25)]).toEqual(['a', 'b', undefined]);
    expect(queue.nextAtMs).toBe(30);
  });

  it('behaves as a sorted list does, whatever is put in, moved and taken out', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('set' as const), item: fc.nat(20), at: fc.nat(1_000) }),
      fc.record({ do: fc.constant('delete' as const), item: fc.nat(20) }),
      fc.record({ do: fc.constant('take' as const), now: fc.nat(1_000) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const queue = new DueQueue<number>();
        const model = new Map<number, number>();
        for (const one of steps) {
          if (one.do === 'set') {
            queue.set(one.item, one.at);
            model.set(one.item, one.at);
          } else if (one.do === 'delete') {
            queue.delete(one.item);
            model.delete(one.item);
          } else {
            const first = Math.min(...model.values());
            const taken = queue.take(one.now);
            if (first > one.now) expect(taken).toBeUndefined();
            else {
              expect(model.get(taken as number)).toBe(first);
              model.delete(taken as number);
            }
          }
          expect(queue.size).toBe(model.size);
          expect(queue.nextAtMs).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
        }
      }),
    );
  });
});
