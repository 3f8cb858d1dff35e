import { describe, expect, it } from 'vitest';
import type { CollectionDefinition } from '../../../platform/model/collection-definition.ts';
import type { EntryState } from '../../../platform/model/entry-state.ts';
import type { FieldValues } from '../../../platform/model/record.ts';
import type { Merge, Retain } from '../../../platform/model/source-spec.ts';
import { type EntryStep, expiringSources, foldEntry } from './fold.ts';
import { redefinition } from './redefinition.ts';

function definitionOf(retain: Retain, merge: Merge = 'LIST', others: Partial<CollectionDefinition> = {}) {
  const definition: CollectionDefinition = {
    name: 'things',
    incarnation: 'things-1',
    revision: 1,
    deleted: false,
    fields: [{ name: 'said', type: 'STRING', list: false, merge }],
    key: ['key'],
    sources: [
      { id: 'one', retain },
      { id: 'two', retain },
    ],
    ...others,
  };
  return definition;
}

/** An entry in the hands of sources that run after one another: each call is a journal item of its own. */
class Entry {
  entry: EntryState | undefined;
  change: string | undefined;
  #definition: CollectionDefinition;
  readonly #itemsMax: number;
  #position = 0;

  constructor(definition: CollectionDefinition, itemsMax = 100) {
    this.#definition = definition;
    this.#itemsMax = itemsMax;
  }

  says(sourceId: string, run: number, said: readonly string[], at = 0): this {
    const records = said.map((one) => ({ position: run * 1_000 + ++this.#position, values: { said: one } }));
    return this.#fold({ kind: 'SAY', sourceId, saying: { run: run * 1_000, at, records } });
  }

  sees(sourceId: string, run: number): this {
    return this.#fold({ kind: 'TOUCH', sourceId, run: run * 1_000 });
  }

  completes(sourceId: string, run: number): this {
    return this.#fold({ kind: 'VANISH', sourceId, run: run * 1_000 });
  }

  expires(sourceId: string, until: number): this {
    return this.#fold({ kind: 'EXPIRE', sourceId, until });
  }

  disowns(sourceId: string): this {
    return this.#fold({ kind: 'DISOWN', sourceId });
  }

  redefines(definition: CollectionDefinition): this {
    const from = this.#definition;
    this.#definition = definition;
    return this.#fold({ kind: 'REDEFINE', from });
  }

  get said(): FieldValues[string] | undefined {
    return this.entry?.fields.said;
  }

  #fold(step: EntryStep): this {
    const rules = { definition: this.#definition, itemsMax: this.#itemsMax };
    const { contributions, change, fields } = foldEntry(this.entry, [step], rules);
    this.change = change;
    const base = { ordinal: 1, key: 'k', version: 1, firstSeenAt: 0, updatedAt: 0 };
    if (contributions.length === 0) this.entry = undefined;
    else this.entry = { ...base, contributions, fields: change ? fields : (this.entry?.fields ?? {}) };
    return this;
  }
}

const entry = (...args: Parameters<typeof definitionOf>) => new Entry(definitionOf(...args));

describe('an entry of a source that retains LATEST_RUN', () => {
  it('has what the newest run says, from its first word on', () => {
    const told = entry('LATEST_RUN').says('one', 1, ['a', 'b']).says('one', 2, ['c']);
    expect(told.said).toEqual(['c']);
    expect(told.says('one', 2, ['d']).said).toEqual(['c', 'd']);
  });

  it('counts equal data of one run apart', () => {
    expect(entry('LATEST_RUN').says('one', 1, ['a', 'a']).said).toEqual(['a', 'a']);
    expect(entry('LATEST_RUN').says('one', 1, ['a', 'a']).says('one', 2, ['a']).said).toEqual(['a']);
  });

  it('is gone when a complete run did not see it', () => {
    const told = entry('LATEST_RUN').says('one', 1, ['a']);
    expect(told.completes('one', 1).change).toBeUndefined();
    expect(told.completes('one', 2).change).toBe('REMOVED');
  });

  it('stays as it is when a complete run saw it but could not read it', () => {
    const told = entry('LATEST_RUN').says('one', 1, ['a']).sees('one', 2);
    expect(told.change).toBeUndefined();
    expect(told.completes('one', 2).said).toEqual(['a']);
    expect(told.says('one', 2, ['b']).said).toEqual(['b']);
  });

  it('stays while another source contributes to it', () => {
    const told = entry('LATEST_RUN').says('one', 1, ['a']).says('two', 2, ['b']);
    expect(told.said).toEqual(['a', 'b']);
    expect(told.completes('one', 3)).toMatchObject({ change: 'UPSERTED', said: ['b'] });
    expect(told.disowns('two').change).toBe('REMOVED');
  });

  it('has no news in what is only repeated', () => {
    const told = entry('LATEST_RUN', 'LATEST').says('one', 1, ['old']).says('two', 2, ['new']);
    expect(told.said).toBe('new');
    expect(told.says('one', 3, ['old'])).toMatchObject({ change: undefined, said: 'new' });
    expect(told.sees('one', 4).says('one', 5, ['old']).said).toBe('new');
    expect(told.says('one', 6, ['newest']).said).toBe('newest');
  });

  it('has news in what was said before and is said again after something else', () => {
    const told = entry('LATEST_RUN', 'LATEST')
      .says('one', 1, ['a'])
      .says('one', 2, ['b'])
      .says('two', 3, ['c']);
    expect(told.says('one', 4, ['a']).said).toBe('a');
  });

  it('forgets what two runs have not said, however long it goes on', () => {
    const told = entry('LATEST_RUN');
    for (let run = 1; run < 50; run++) told.says('one', run, [`${run}`]);
    expect(told.entry?.contributions[0]?.items.map(({ values }) => values.said)).toEqual(['48', '49']);
  });
});

describe('an entry of a source that retains FOREVER', () => {
  it('has all that was ever said, once for each time a run said it', () => {
    const told = entry('FOREVER').says('one', 1, ['a', 'b', 'a']).says('one', 2, ['a', 'c']);
    expect(told.said).toEqual(['a', 'b', 'a', 'c']);
  });

  it('stays when complete runs no longer see it, and goes with its source', () => {
    const told = entry('FOREVER').says('one', 1, ['a']);
    expect(told.completes('two', 9).said).toEqual(['a']);
    expect(told.disowns('one').change).toBe('REMOVED');
  });

  it('has news in what one run left out', () => {
    const told = entry('FOREVER', 'LATEST').says('one', 1, ['a', 'b']).says('one', 2, ['b']);
    expect(told.said).toBe('b');
    expect(told.says('one', 3, ['a', 'b']).said).toBe('a');
    expect(told.says('one', 4, ['a', 'b'])).toMatchObject({ change: undefined, said: 'a' });
  });
});

describe('an entry of a source that retains for a time', () => {
  it('has what was last seen within it', () => {
    const told = entry('PT1H').says('one', 1, ['a', 'b'], 10).says('one', 2, ['b'], 20);
    expect(told.entry?.contributions[0]?.oldestSeenAt).toBe(10);
    expect(told.expires('one', 9).change).toBeUndefined();
    expect(told.expires('one', 10).said).toEqual(['b']);
    expect(told.entry?.contributions[0]?.oldestSeenAt).toBe(20);
    expect(told.expires('one', 20).change).toBe('REMOVED');
  });
});

describe('an entry with more items than are kept', () => {
  it('lets those go that were not seen for longest', () => {
    const told = new Entry(definitionOf('FOREVER'), 3)
      .says('one', 1, ['a', 'b', 'c'])
      .says('one', 2, ['a', 'd']);
    expect(told.said).toEqual(['a', 'c', 'd']);
  });

  it('takes no more of a run that fills it by itself, and does not change when it runs again', () => {
    const told = new Entry(definitionOf('FOREVER'), 3).says('one', 1, ['a', 'b', 'c', 'd']);
    expect(told.said).toEqual(['a', 'b', 'c']);
    expect(told.says('one', 2, ['a', 'b', 'c', 'd'])).toMatchObject({ change: undefined });
  });
});

describe('an entry whose definition changes', () => {
  it('loses what does not fit a new type until it is said anew', () => {
    const told = entry('LATEST_RUN', 'LATEST').says('one', 1, ['10']).says('two', 2, ['ten']);
    const fields = [{ name: 'said', type: 'DECIMAL', list: false, merge: 'LATEST' }] as const;
    expect(told.redefines(definitionOf('LATEST_RUN', 'LATEST', { fields })).said).toBe('10');
    expect(told.says('two', 3, ['11']).said).toBe('11');
  });

  it('goes on contributing what it did when it is retained otherwise', () => {
    const told = entry('LATEST_RUN').says('one', 1, ['a']).says('one', 2, ['b']);
    expect(told.redefines(definitionOf('FOREVER')).said).toEqual(['b']);
    expect(told.says('one', 3, ['c']).said).toEqual(['b', 'c']);
    expect(told.redefines(definitionOf('LATEST_RUN')).said).toEqual(['c']);
  });
});

describe('expiringSources', () => {
  it('are those that retain for a time and are still there', () => {
    const sources = [
      { id: 'a', retain: 'PT1H' },
      { id: 'b', retain: 'FOREVER' },
      { id: 'c', retain: 'LATEST_RUN' },
      { id: 'd', retain: 'PT1H', removed: 'KEEP' as const },
    ];
    expect(expiringSources(definitionOf('FOREVER', 'LIST', { sources }))).toEqual([
      { id: 'a', retainMs: 3_600_000 },
    ]);
  });
});

describe('redefinition', () => {
  const from = definitionOf('LATEST_RUN');
  const more = [...from.fields, { name: 'more', type: 'STRING', list: false, merge: 'LATEST' } as const];

  it.each<[string, CollectionDefinition, boolean, boolean]>([
    ['nothing changes', { ...from, revision: 2 }, false, false],
    [
      'a source joins',
      { ...from, sources: [...from.sources, { id: 'three', retain: 'PT1H' }] },
      false,
      false,
    ],
    ['a field joins', { ...from, fields: more }, false, false],
    ['a field joins that items may have values of', { ...from, fields: more }, true, true],
    ['a COUNT joins', { ...from, fields: more.map((field) => ({ ...field, merge: 'COUNT' })) }, false, true],
    ['a field goes', { ...from, fields: [] }, false, true],
    ['a merge changes', definitionOf('LATEST_RUN', 'SET'), false, true],
    ['a retain changes', definitionOf('FOREVER'), false, true],
  ])('touches entries or not where %s', (_, to, hasStrays, touchesEntries) => {
    expect(redefinition(from, to, hasStrays).touchesEntries).toBe(touchesEntries);
  });
});
