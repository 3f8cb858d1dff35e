import { expect, it } from 'vitest';
import { Scope } from './scope.ts';

function resource(name: string, log: string[], failure?: Error) {
  return {
    async close() {
      await Promise.resolve();
      log.push(name);
      if (failure) throw failure;
    },
  };
}

it('closes what was opened, last first, each after the one before it', async () => {
  const log: string[] = [];
  const scope = new Scope();
  const first = resource('first', log);
  expect(scope.use(first)).toBe(first);
  scope.defer(() => void log.push('second'));
  scope.use(resource('third', log));
  await scope.close();
  expect(log).toEqual(['third', 'second', 'first']);
});

it('closes the rest though one fails, and throws the first failure', async () => {
  const log: string[] = [];
  const scope = new Scope();
  scope.use(resource('a', log));
  scope.use(resource('b', log, new Error('b failed')));
  scope.use(resource('c', log, new Error('c failed')));
  await expect(scope.close()).rejects.toThrow('c failed');
  expect(log).toEqual(['c', 'b', 'a']);
});

it('closes everything once', async () => {
  const log: string[] = [];
  const scope = new Scope();
  scope.use(resource('a', log));
  await Promise.all([scope.close(), scope.close()]);
  await scope.close();
  expect(log).toEqual(['a']);
});

it('closes at the end of a block', async () => {
  const log: string[] = [];
  {
    await using scope = new Scope();
    scope.use(resource('a', log));
    log.push('in use');
  }
  expect(log).toEqual(['in use', 'a']);
});
