import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryRegistry } from '../../platform/adapters/memory-registry.ts';
import { readConfig } from '../../platform/config.ts';
import { openServiceClient, type ServiceClient } from '../../platform/http/service-client.ts';
import { randomId } from '../../platform/ids.ts';
import { silentLogger } from '../../platform/logger.ts';
import { Scope } from '../../platform/scope.ts';
import {
  LEASE_MS,
  openTestConfiguration,
  type TestConfiguration,
} from '../../test/support/configuration-service.ts';
import { configurationSettings } from './config.ts';
import { openConfigurationService } from './service.ts';

/** An app asks one replica, while workers and orchestrator speak to another. */
let scope: Scope;
let here: TestConfiguration;
let there: Pick<ServiceClient, 'subscribe'> & { request: TestConfiguration['request'] };
beforeEach(async () => {
  scope = new Scope();
  here = scope.use(await openTestConfiguration());
  const { store, bus, clock } = here;
  const serviceToken = 'token-of-the-other-replica';
  const server = scope.use(
    await openConfigurationService(
      { store, bus, clock, newId: randomId, logger: silentLogger },
      { ...readConfig(configurationSettings, {}), serviceToken },
    ),
  );
  const instance = { id: 'other', service: 'configuration', url: server.url } as const;
  const registry = new MemoryRegistry([instance], silentLogger);
  const client = scope.use(openServiceClient({ registry }, 'configuration', serviceToken));
  there = {
    request: (document, variables = {}) => client.request(document, variables),
    subscribe: client.subscribe,
  };
});
afterEach(() => scope.close());

const REPORT = {
  status: 'SUCCEEDED',
  pages: 1,
  bytes: 100,
  records: 1,
  quarantined: 0,
  quarantinedRecords: [],
  misses: [],
  error: null,
  samples: [{ title: 'A' }],
};

async function claimThere(workerId: string): Promise<string | undefined> {
  const { claimPreviews } = await there.request(
    'mutation($w: ID!) { claimPreviews(workerId: $w, first: 1) { id } }',
    { w: workerId },
  );
  return claimPreviews[0]?.id;
}

function reportThere(id: string | undefined, workerId: string) {
  const input = { id, workerId, report: REPORT };
  return there.request('mutation($input: ReportPreviewInput!) { reportPreview(input: $input) }', { input });
}

async function claimSources(workerId: string) {
  await here.claim(workerId);
}

describe('a preview asked for at one replica', () => {
  it('is demanded, claimed and answered through another', async () => {
    const preview = here.preview();
    await expect
      .poll(async () => (await there.request('{ poolDemands { pool } }')).poolDemands)
      .toEqual([{ pool: 'shared' }]);
    const id = await claimThere('w1');
    expect(await here.request('mutation { claimPreviews(workerId: "w2") { id } }')).toEqual({
      claimPreviews: [],
    });
    expect(await reportThere(id, 'w2')).toEqual({ reportPreview: false });
    expect(await reportThere(id, 'w1')).toEqual({ reportPreview: true });
    expect(await preview).toMatchObject({ errors: [], value: { records: [{ title: 'A' }], pages: 1 } });
    expect((await there.request('{ poolDemands { pool } }')).poolDemands).toEqual([]);
  });

  it('goes to another worker when the one that has it falls silent', async () => {
    await claimSources('w1');
    const preview = here.preview();
    let id: string | undefined;
    await expect
      .poll(async () => {
        id = await claimThere('w1');
        return id;
      })
      .toBeDefined();
    expect(await claimThere('w2')).toBeUndefined();
    here.clock.advance(LEASE_MS);
    // Nobody asked: the replicas themselves look for leases that have run out.
    await expect.poll(() => claimThere('w2')).toBe(id);
    expect(await reportThere(id, 'w1')).toEqual({ reportPreview: false });
    await reportThere(id, 'w2');
    expect(await preview).toMatchObject({ errors: [], value: { records: [{ title: 'A' }] } });
  });

  it('goes to another worker when the one that has it leaves in order', async () => {
    await claimSources('w1');
    const preview = here.preview();
    await expect.poll(() => claimThere('w1')).toBeDefined();
    const work = await here.follow('subscription { workChanged(workerId: "w2") { reason } }');
    await here.release('w1');
    await expect.poll(() => work.events).toContainEqual({ reason: 'PREVIEW' });
    const id = await claimThere('w2');
    await reportThere(id, 'w2');
    expect((await preview).errors).toEqual([]);
    await work.close();
  });
});

describe('the cluster, watched at one replica', () => {
  it('is told as others change it', async () => {
    const told: unknown[] = [];
    const watching = there.subscribe<{ clusterChanged: { workers: readonly { id: string }[] } }>(
      'subscription { clusterChanged { workers { id } } }',
      {},
      { onEvent: ({ clusterChanged }) => told.push(clusterChanged.workers), onGap: () => {} },
    );
    await expect.poll(() => told).toEqual([[]]);
    here.clock.advance(1_000);
    await claimSources('w1');
    await expect.poll(() => told.at(-1)).toEqual([{ id: 'w1' }]);
    here.clock.advance(1_000);
    await here.release('w1');
    await expect.poll(() => told.at(-1)).toEqual([]);
    await watching.close();
  });
});
