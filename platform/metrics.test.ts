import { describe, expect, it } from 'vitest';
import { Metrics } from './metrics.ts';

describe('Metrics', () => {
  it('gives whoever asks for a name the same instrument', async () => {
    const metrics = new Metrics();
    const configuration = { name: 'tributary_books_total', help: 'Books read' };
    metrics.counter(configuration).inc();
    metrics.counter(configuration).inc();
    expect(await metrics.text()).toContain('tributary_books_total 2');
  });

  it('counts the hits of a bound under the name of its setting', async () => {
    const metrics = new Metrics();
    metrics.limits.inc({ limit: 'PAGES_MAX' });
    metrics.limits.inc({ limit: 'PAGES_MAX' });
    expect(await metrics.text()).toContain('tributary_limit_hits_total{limit="PAGES_MAX"} 2');
  });

  describe('A reading', () => {
    const open = () => {
      const metrics = new Metrics();
      const shown = async () => (await metrics.text()).match(/^tributary_readers.*$/gm);
      const readers = () =>
        metrics.reading({ name: 'tributary_readers', help: 'Readers now', labelNames: ['state'] });
      return { shown, readers };
    };

    it('is what is there when somebody looks', async () => {
      const { shown, readers } = open();
      let count = 3;
      readers().from(() => count, { state: 'AWAKE' });
      expect(await shown()).toEqual(['tributary_readers{state="AWAKE"} 3']);
      count = 5;
      expect(await shown()).toEqual(['tributary_readers{state="AWAKE"} 5']);
    });

    it('is the sum of what all have, as long as they are there', async () => {
      const { shown, readers } = open();
      readers().from(() => 3, { state: 'AWAKE' });
      const second = readers().from(async () => 4, { state: 'AWAKE' });
      readers().from(() => 1, { state: 'ASLEEP' });
      expect(await shown()).toEqual([
        'tributary_readers{state="AWAKE"} 7',
        'tributary_readers{state="ASLEEP"} 1',
      ]);
      await second.close();
      expect(await shown()).toEqual([
        'tributary_readers{state="AWAKE"} 3',
        'tributary_readers{state="ASLEEP"} 1',
      ]);
    });

    it('counts nothing twice where two look at once', async () => {
      const { shown, readers } = open();
      readers().from(async () => 3, { state: 'AWAKE' });
      const [first, second] = await Promise.all([shown(), shown()]);
      expect(first).toEqual(['tributary_readers{state="AWAKE"} 3']);
      expect(second).toEqual(first);
    });

    it('leaves out what cannot be told, and shows all else', async () => {
      const { shown, readers } = open();
      readers().from(() => 3, { state: 'AWAKE' });
      readers().from(() => Promise.reject(new Error('the store is away')), { state: 'ASLEEP' });
      expect(await shown()).toEqual(['tributary_readers{state="AWAKE"} 3']);
    });
  });
});
