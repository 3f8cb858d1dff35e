import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Registry, ServiceInstance, ServiceName } from '../../platform/ports/registry.ts';

/** How long a change may take to get about, in milliseconds. */
const DEADLINE = { timeout: 10_000, interval: 5 };

/**
 * What every registry promises.
 *
 * @param origin Of the instances: where the registry looks whether they are ready, they are.
 */
export function registryContract(
  adapter: string,
  open: () => Promise<Registry>,
  origin: () => string = () => 'http://127.0.0.1:41000',
): void {
  describe(`${adapter} is a registry that`, () => {
    let registry: Registry;

    beforeEach(async () => {
      registry = await open();
    });
    afterEach(() => registry.close());

    const instance = (id: string, service: ServiceName = 'endpoint', path = '/graphql'): ServiceInstance => ({
      id,
      service,
      url: `${origin()}${path}`,
    });
    const ids = (service: ServiceName) =>
      registry
        .instances(service)
        .map(({ id }) => id)
        .sort();
    const listed = (service: ServiceName, expected: readonly string[]) =>
      expect.poll(() => ids(service), DEADLINE).toEqual(expected);

    /** Collects the lists of ids that a watcher is given. */
    function watch(service: ServiceName) {
      const seen: string[][] = [];
      const handle = registry.watch(service, (instances) => seen.push(instances.map(({ id }) => id).sort()));
      return { seen, close: () => handle.close() };
    }

    it('knows nobody at first', () => {
      expect(registry.instances('endpoint')).toEqual([]);
    });

    it('lists what is registered, as it was registered, under its service only', async () => {
      await registry.register(instance('e1'));
      await registry.register(instance('d1', 'datasource'));
      await listed('endpoint', ['e1']);
      await listed('datasource', ['d1']);
      expect(registry.instances('endpoint')).toEqual([instance('e1')]);
    });

    it('lists several instances of a service', async () => {
      await registry.register(instance('e1'));
      await registry.register(instance('e2'));
      await listed('endpoint', ['e1', 'e2']);
    });

    it('takes an instance off when its handle is closed, also twice, and leaves the others', async () => {
      const registration = await registry.register(instance('e1'));
      await registry.register(instance('e2'));
      await listed('endpoint', ['e1', 'e2']);
      await registration.close();
      await registration.close();
      await listed('endpoint', ['e2']);
    });

    it('replaces an instance that registers again, which its older handle cannot take off', async () => {
      const older = await registry.register(instance('e1', 'endpoint', '/older'));
      await registry.register(instance('e1', 'endpoint', '/newer'));
      const urls = () => registry.instances('endpoint').map((known) => known.url);
      await expect.poll(urls, DEADLINE).toEqual([`${origin()}/newer`]);
      await older.close();
      expect(urls()).toEqual([`${origin()}/newer`]);
    });

    it('tells a watcher at once what is known', async () => {
      await registry.register(instance('e1'));
      await listed('endpoint', ['e1']);
      expect(watch('endpoint').seen).toEqual([['e1']]);
      expect(watch('gateway').seen).toEqual([[]]);
    });

    it('tells a watcher of every change of its service, in order, and of no other', async () => {
      const { seen } = watch('endpoint');
      const first = await registry.register(instance('e1'));
      await listed('endpoint', ['e1']);
      await registry.register(instance('d1', 'datasource'));
      await listed('datasource', ['d1']);
      await registry.register(instance('e2'));
      await listed('endpoint', ['e1', 'e2']);
      await first.close();
      await expect.poll(() => seen, DEADLINE).toEqual([[], ['e1'], ['e1', 'e2'], ['e2']]);
    });

    it('never changes a list that it has given out', async () => {
      const before = registry.instances('endpoint');
      await registry.register(instance('e1'));
      await listed('endpoint', ['e1']);
      expect(before).toEqual([]);
    });

    it('tells the other watchers though one throws', async () => {
      registry.watch('endpoint', () => {
        throw new Error('a watcher at fault');
      });
      const { seen } = watch('endpoint');
      await registry.register(instance('e1'));
      await expect.poll(() => seen, DEADLINE).toEqual([[], ['e1']]);
    });

    it('tells nothing more to a watcher that has left', async () => {
      const left = watch('endpoint');
      const stayed = watch('endpoint');
      await left.close();
      await registry.register(instance('e1'));
      await expect.poll(() => stayed.seen, DEADLINE).toEqual([[], ['e1']]);
      expect(left.seen).toEqual([[]]);
    });

    it('refuses registrations and watchers once it is closed, and closes twice', async () => {
      const registration = await registry.register(instance('e1'));
      const { seen } = watch('endpoint');
      const told = seen.length;
      await registry.close();
      await registry.close();
      await expect(registry.register(instance('e2'))).rejects.toMatchObject({ code: 'CLOSED' });
      expect(() => watch('endpoint')).toThrow(expect.objectContaining({ code: 'CLOSED' }));
      expect(registry.instances('endpoint')).toEqual([]);
      await registration.close();
      expect(seen.length).toBe(told);
    });
  });
}
