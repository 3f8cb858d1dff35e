import { MemoryBus } from '../../platform/adapters/memory-bus.ts';
import { MemoryRegistry } from '../../platform/adapters/memory-registry.ts';
import { openSqliteSourceStore } from '../../platform/adapters/sqlite-source-store.ts';
import { ManualClock } from '../../platform/clock.ts';
import { readConfig } from '../../platform/config.ts';
import { openServiceClient, type ServiceClient } from '../../platform/http/service-client.ts';
import { gatewayTokenOf } from '../../platform/http/service-tokens.ts';
import { randomId } from '../../platform/ids.ts';
import { silentLogger } from '../../platform/logger.ts';
import type { Closeable } from '../../platform/scope.ts';
import { Scope } from '../../platform/scope.ts';
import { configurationSettings } from '../../subgraphs/configuration/config.ts';
import { openConfigurationService } from '../../subgraphs/configuration/service.ts';

const SERVICE_TOKEN = 'configuration-test-token';
export const LEASE_MS = 15_000;

/** A configuration service on an empty store, with a clock of its own, and a client to it. */
export async function openTestConfiguration(settings: Record<string, string> = {}) {
  const scope = new Scope();
  const clock = new ManualClock();
  const store = scope.use(await openSqliteSourceStore(':memory:'));
  const bus = scope.use(new MemoryBus(silentLogger));
  const server = scope.use(
    await openConfigurationService(
      { store, bus, clock, newId: randomId, logger: silentLogger },
      { ...readConfig(configurationSettings, settings), serviceToken: SERVICE_TOKEN },
    ),
  );
  const registry = new MemoryRegistry(
    [{ id: 'configuration', service: 'configuration', url: server.url }],
    silentLogger,
  );
  const clientWith = (token: string) => scope.use(openServiceClient({ registry }, 'configuration', token));
  const client = clientWith(SERVICE_TOKEN);
  return {
    url: server.url,
    clock,
    store,
    bus,
    client,
    /** An app, as far as this service is concerned: its operations come through a gateway. */
    stranger: clientWith(gatewayTokenOf(SERVICE_TOKEN)),
    ...operations(client),
    close: () => scope.close(),
  };
}

export type TestConfiguration = Awaited<ReturnType<typeof openTestConfiguration>>;

/** A user error as the tests compare it. */
export interface UserError {
  readonly field: string | null;
  readonly code: string;
  readonly message: string;
}

export interface Payload<T> {
  readonly value: T | null;
  readonly errors: readonly string[];
  readonly userErrors: readonly UserError[];
}

// biome-ignore lint/suspicious/noExplicitAny: answers are compared by the tests, property by property
type Json = any;

export const BOOKS = {
  collection: 'books',
  url: 'https://example.com/books',
  records: '.book',
  fields: [
    { name: 'title', select: 'h2' },
    { name: 'price', select: '.price', type: 'DECIMAL' },
    { name: 'url', select: 'a@href', type: 'URL' },
  ],
};

const SOURCE = 'id name state revision nextRunAt lastRun { id status trigger } worker { id }';
const LEASE = 'sourceId token revision spec nextRunAt queuedRunId baselineRecords';

/** The operations that the tests call over and over. */
function operations(client: ServiceClient) {
  const request = (document: string, variables: Record<string, unknown> = {}) =>
    client.request<Json>(document, variables);
  /** `value` is the first field of the payload. */
  const payload = async (document: string, variables: Record<string, unknown>): Promise<Payload<Json>> => {
    const [answer] = Object.values(await request(document, variables)) as [Json];
    const { userErrors, ...rest } = answer;
    return {
      value: Object.values(rest)[0],
      userErrors,
      errors: userErrors.map(({ field, code }: UserError) => `${field} ${code}`),
    };
  };
  const errors = 'userErrors { field code message }';
  const onSource = (mutation: string) => (id: string) =>
    payload(`mutation($id: ID!) { ${mutation}(id: $id) { source { ${SOURCE} } ${errors} } }`, { id });
  return {
    request,
    add: (input: Record<string, unknown> = {}) =>
      payload(
        `mutation($input: AddSourceInput!) { addSource(input: $input) { source { ${SOURCE} } ${errors} } }`,
        { input: { ...BOOKS, ...input } },
      ),
    update: (id: string, input: Record<string, unknown>, expectedRevision?: number) =>
      payload(
        `mutation($id: ID!, $input: UpdateSourceInput!, $expectedRevision: Int) {
          updateSource(id: $id, input: $input, expectedRevision: $expectedRevision) {
            source { ${SOURCE} } ${errors}
          }
        }`,
        { id, input, expectedRevision },
      ),
    remove: (id: string, data: 'KEEP' | 'DELETE') =>
      payload(
        `mutation($id: ID!, $data: DataDisposal) { removeSource(id: $id, data: $data) { removedId ${errors} } }`,
        { id, data },
      ),
    pause: onSource('pauseSource'),
    resume: onSource('resumeSource'),
    run: (id: string) =>
      payload(`mutation($id: ID!) { runSource(id: $id) { run { id status trigger } ${errors} } }`, { id }),
    preview: (input: Record<string, unknown> = {}, first = 20) =>
      payload(
        `mutation($input: AddSourceInput!, $first: Int) { previewSource(input: $input, first: $first) {
          preview { records pages bytes quarantined typeDefinition misses { field } error { code } } ${errors}
        } }`,
        { input: { ...BOOKS, ...input }, first },
      ),
    source: async (id: string) =>
      (await request(`query($id: ID!) { source(id: $id) { ${SOURCE} } }`, { id })).source,
    definition: async (name: string) => {
      const { collectionDefinitions } = await request(
        '{ collectionDefinitions(first: 1000) { definitions } }',
      );
      return collectionDefinitions.definitions.find((definition: Json) => definition.name === name);
    },
    claim: async (workerId: string, input: Record<string, unknown> = {}) =>
      (
        await request(
          `mutation($input: ClaimSourcesInput!) {
            claimSources(input: $input) { leases { ${LEASE} } leaseMs after }
          }`,
          { input: { workerId, pool: 'shared', hostname: 'host', capacity: 100, ...input } },
        )
      ).claimSources,
    renew: async (workerId: string, after: number) =>
      (
        await request(
          `mutation($input: RenewLeasesInput!) { renewLeases(input: $input) {
            isKnown changed { ${LEASE} } lostSourceIds leaseMs after hasUnclaimed
          } }`,
          { input: { workerId, after } },
        )
      ).renewLeases,
    release: (workerId: string) =>
      request('mutation($workerId: ID!) { releaseLeases(workerId: $workerId) }', { workerId }),
    /** @returns When the source runs next. */
    report: async (input: Record<string, unknown>) =>
      (
        await request('mutation($input: ReportRunInput!) { reportRun(input: $input) { nextRunAt } }', {
          input,
        })
      ).reportRun.nextRunAt,
    /** Collects what a subscription gives, from the moment it is connected. */
    follow: async (document: string, variables: Record<string, unknown> = {}) => {
      const events: Json[] = [];
      let handle: Closeable | undefined;
      await new Promise<void>((resolve) => {
        handle = client.subscribe<Json>(document, variables, {
          onEvent: (data) => events.push(Object.values(data)[0]),
          onGap: resolve,
        });
      });
      return { events, close: () => handle?.close() };
    },
  };
}
