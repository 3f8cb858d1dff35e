// Generated from schema/ by `npm run codegen`: do not edit.
import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { SubgraphContext } from '../../platform/http/inner-operations.ts';
export type Maybe<T> = T | null;
export type InputMaybe<T> = Maybe<T>;
export type RequireFields<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** An instant in UTC, as RFC 3339 writes it: 2026-11-20T08:00:00.000Z. */
  DateTime: { input: string; output: string; }
  /** An absolute URL. */
  URL: { input: string; output: string; }
  /** Any JSON value. */
  JSON: { input: unknown; output: unknown; }
  /** A length of time as ISO 8601 writes it: PT5M, P1D. */
  Duration: { input: string; output: string; }
  /** A whole number up to 2^53 - 1, between services. */
  Counter: { input: number; output: number; }
  link__Import: { input: unknown; output: unknown; }
  federation__FieldSet: { input: unknown; output: unknown; }
  federation__Scope: { input: unknown; output: unknown; }
  federation__Policy: { input: unknown; output: unknown; }
  _Any: { input: unknown; output: unknown; }
};

export type Query = {
  source?: Maybe<Source>;
  sources: SourceConnection;
  /** Newest first. */
  runs: RunConnection;
  /** Nodes, pools and workers as last observed by the orchestrator. */
  cluster: Cluster;
  /** Definitions of collections that changed after `after` (a definitions revision), oldest change first. */
  collectionDefinitions: CollectionDefinitionPage;
  /** How many sources each pool has to serve: what the orchestrator keeps reality equal to. */
  poolDemands: Array<PoolDemand>;
  _entities: Array<Maybe<_Entity>>;
  _service: _Service;
};


export type QuerySourceArgs = {
  id: Scalars['ID']['input'];
};


export type QuerySourcesArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<SourceFilter>;
};


export type QueryRunsArgs = {
  sourceId?: InputMaybe<Scalars['ID']['input']>;
  status?: InputMaybe<RunStatus>;
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
};


export type QueryCollectionDefinitionsArgs = {
  after?: Scalars['Counter']['input'];
  first?: Scalars['Int']['input'];
};


export type Query_EntitiesArgs = {
  representations: Array<Scalars['_Any']['input']>;
};

export type Mutation = {
  addSource: AddSourcePayload;
  /** Fields left out stay as they are. A given `expectedRevision` that is not the source's gets code REVISION_CONFLICT. */
  updateSource: UpdateSourcePayload;
  /** KEEP leaves what the source contributed; DELETE takes it out, and the collection with its last source. */
  removeSource: RemoveSourcePayload;
  pauseSource: PauseSourcePayload;
  resumeSource: ResumeSourcePayload;
  /** Runs the source now, out of schedule. While a run is queued or running, that run is returned. */
  runSource: RunSourcePayload;
  /** Reads the source once in a worker and shows what it would give. Stores nothing. */
  previewSource: PreviewSourcePayload;
  claimSources: ClaimSourcesPayload;
  renewLeases: RenewLeasesPayload;
  /** Gives leases back at a graceful stop, so that another worker can claim at once. */
  releaseLeases: Scalars['Boolean']['output'];
  /** Creates or moves on a run. Refused with code STALE_TOKEN where the lease has gone to another worker. */
  reportRun: ReportRunPayload;
  claimPreviews: Array<PreviewTask>;
  reportPreview: Scalars['Boolean']['output'];
  reportCluster: Scalars['Boolean']['output'];
};


export type MutationAddSourceArgs = {
  input: AddSourceInput;
};


export type MutationUpdateSourceArgs = {
  id: Scalars['ID']['input'];
  input: UpdateSourceInput;
  expectedRevision?: InputMaybe<Scalars['Int']['input']>;
};


export type MutationRemoveSourceArgs = {
  id: Scalars['ID']['input'];
  data?: InputMaybe<DataDisposal>;
};


export type MutationPauseSourceArgs = {
  id: Scalars['ID']['input'];
};


export type MutationResumeSourceArgs = {
  id: Scalars['ID']['input'];
};


export type MutationRunSourceArgs = {
  id: Scalars['ID']['input'];
};


export type MutationPreviewSourceArgs = {
  input: AddSourceInput;
  first?: InputMaybe<Scalars['Int']['input']>;
};


export type MutationClaimSourcesArgs = {
  input: ClaimSourcesInput;
};


export type MutationRenewLeasesArgs = {
  input: RenewLeasesInput;
};


export type MutationReleaseLeasesArgs = {
  workerId: Scalars['ID']['input'];
};


export type MutationReportRunArgs = {
  input: ReportRunInput;
};


export type MutationClaimPreviewsArgs = {
  workerId: Scalars['ID']['input'];
  first?: Scalars['Int']['input'];
};


export type MutationReportPreviewArgs = {
  input: ReportPreviewInput;
};


export type MutationReportClusterArgs = {
  input: ReportClusterInput;
};

export type Subscription = {
  /** Of one source also when its `problem` comes or goes. */
  sourceChanged: Source;
  runChanged: Run;
  /**
   * The cluster as it is now, then whenever nodes, pools, tasks, workers or who holds which source have changed: a few times
   * a second at the most, and always the last change.
   */
  clusterChanged: Cluster;
  /** Wakes a worker: something it may claim, renew or preview has changed. Carries no decision. */
  workChanged: WorkChanged;
  /** Wakes the orchestrator: what the pools must serve has changed. */
  poolDemandsChanged: Scalars['Boolean']['output'];
};


export type SubscriptionSourceChangedArgs = {
  id?: InputMaybe<Scalars['ID']['input']>;
};


export type SubscriptionRunChangedArgs = {
  sourceId?: InputMaybe<Scalars['ID']['input']>;
};


export type SubscriptionWorkChangedArgs = {
  workerId: Scalars['ID']['input'];
};

export type SourceFormat =
  | 'HTML'
  | 'JSON'
  | 'XML'
  | 'CSV';

export type Renderer =
  | 'HTTP'
  | 'BROWSER';

export type Isolation =
  | 'SHARED'
  | 'DEDICATED';

export type FieldType =
  | 'STRING'
  | 'INT'
  | 'FLOAT'
  | 'DECIMAL'
  | 'BOOLEAN'
  | 'DATETIME'
  | 'URL'
  | 'JSON';

export type Merge =
  /** What was said last (a repetition is no news). */
  | 'LATEST'
  /** What was said first of what still contributes. */
  | 'FIRST'
  /** The distinct values. */
  | 'SET'
  /** All values, in the order they came. */
  | 'LIST'
  | 'MIN'
  | 'MAX'
  | 'SUM'
  | 'AVG'
  /** How many records have a value. */
  | 'COUNT';

export type SourceState =
  | 'ACTIVE'
  | 'PAUSED'
  /** Its last run failed; it goes on trying on schedule. */
  | 'FAILING'
  /** Removed with `data: KEEP`: its entries still name it, nothing runs. */
  | 'REMOVED';

export type DataDisposal =
  | 'KEEP'
  | 'DELETE';

export type AddSourceInput = {
  /** Default: the URL's host and path. */
  name?: InputMaybe<Scalars['String']['input']>;
  /** Where its entries go: ^[a-z][a-z0-9_]{0,62}$, created if new. */
  collection: Scalars['String']['input'];
  url: Scalars['String']['input'];
  format?: InputMaybe<SourceFormat>;
  render?: InputMaybe<Renderer>;
  every?: InputMaybe<Scalars['Duration']['input']>;
  /** Five or six cron fields, instead of `every`. */
  cron?: InputMaybe<Scalars['String']['input']>;
  /** IANA zone of `cron`. Default: UTC. */
  timezone?: InputMaybe<Scalars['String']['input']>;
  /** What one record is: ".product", "$.items[*]". */
  records: Scalars['String']['input'];
  fields: Array<FieldInput>;
  /** The fields that identify an entry. Default: the collection's, else the first URL field, else the first field. Neither lists nor JSON, FLOAT or DECIMAL. */
  key?: InputMaybe<Array<Scalars['String']['input']>>;
  /** Which records still contribute: LATEST_RUN, FOREVER or an ISO 8601 duration. */
  retain?: InputMaybe<Scalars['String']['input']>;
  pagination?: InputMaybe<PaginationInput>;
  isolation?: InputMaybe<Isolation>;
};

export type UpdateSourceInput = {
  name?: InputMaybe<Scalars['String']['input']>;
  url?: InputMaybe<Scalars['String']['input']>;
  format?: InputMaybe<SourceFormat>;
  render?: InputMaybe<Renderer>;
  every?: InputMaybe<Scalars['Duration']['input']>;
  cron?: InputMaybe<Scalars['String']['input']>;
  timezone?: InputMaybe<Scalars['String']['input']>;
  records?: InputMaybe<Scalars['String']['input']>;
  fields?: InputMaybe<Array<FieldInput>>;
  retain?: InputMaybe<Scalars['String']['input']>;
  pagination?: InputMaybe<PaginationInput>;
  isolation?: InputMaybe<Isolation>;
};

export type FieldInput = {
  /** A GraphQL name; "id", "meta", "and", "or" and "not" are reserved. */
  name: Scalars['String']['input'];
  /** CSS with x-ray's "a@href" for an attribute, "@href" for the record's own; JSONPath for JSON. */
  select: Scalars['String']['input'];
  type?: InputMaybe<FieldType>;
  list?: InputMaybe<Scalars['Boolean']['input']>;
  merge?: InputMaybe<Merge>;
  /** A record without it is quarantined, with the reason. */
  required?: InputMaybe<Scalars['Boolean']['input']>;
};

export type PaginationInput = {
  /** Where the next page's URL stands: "a.next@href", "$.paging.next". */
  next: Scalars['String']['input'];
  /** How many pages one run reads at the most. */
  limit?: InputMaybe<Scalars['Int']['input']>;
};

export type SourceFilter = {
  collection?: InputMaybe<Scalars['String']['input']>;
  state?: InputMaybe<SourceState>;
  /** Part of the name or the URL, in any case. */
  search?: InputMaybe<Scalars['String']['input']>;
};

export type Source = {
  id: Scalars['ID']['output'];
  name: Scalars['String']['output'];
  url: Scalars['String']['output'];
  /** Counts the changes of the source's configuration, from 1. */
  revision: Scalars['Int']['output'];
  state: SourceState;
  collection: Collection;
  format: SourceFormat;
  render: Renderer;
  /** Null where `cron` is set. */
  every?: Maybe<Scalars['Duration']['output']>;
  cron?: Maybe<Scalars['String']['output']>;
  timezone?: Maybe<Scalars['String']['output']>;
  records: Scalars['String']['output'];
  fields: Array<Field>;
  key: Array<Scalars['String']['output']>;
  retain: Scalars['String']['output'];
  pagination?: Maybe<Pagination>;
  isolation: Isolation;
  createdAt: Scalars['DateTime']['output'];
  updatedAt: Scalars['DateTime']['output'];
  lastRun?: Maybe<Run>;
  nextRunAt?: Maybe<Scalars['DateTime']['output']>;
  worker?: Maybe<Worker>;
  /**
   * Why nothing reads the source although it is not paused, as the cluster says it: its pool could not be made, or has no
   * worker that runs. Null where all is well.
   */
  problem?: Maybe<Scalars['String']['output']>;
  runs: RunConnection;
};


export type SourceRunsArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
};

export type Field = {
  name: Scalars['String']['output'];
  select: Scalars['String']['output'];
  type: FieldType;
  list: Scalars['Boolean']['output'];
  merge: Merge;
  required: Scalars['Boolean']['output'];
};

export type Pagination = {
  next: Scalars['String']['output'];
  limit: Scalars['Int']['output'];
};

export type SourceConnection = {
  edges: Array<SourceEdge>;
  nodes: Array<Source>;
  pageInfo: PageInfo;
  totalCount: Scalars['Int']['output'];
};

export type SourceEdge = {
  cursor: Scalars['String']['output'];
  node: Source;
};

export type PageInfo = {
  hasNextPage: Scalars['Boolean']['output'];
  hasPreviousPage: Scalars['Boolean']['output'];
  startCursor?: Maybe<Scalars['String']['output']>;
  endCursor?: Maybe<Scalars['String']['output']>;
};

/** What this subgraph adds to datasource's collection. */
export type Collection = {
  name: Scalars['String']['output'];
  /** Sources that feed it, removed ones left out. */
  sources: SourceConnection;
};


/** What this subgraph adds to datasource's collection. */
export type CollectionSourcesArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
};

export type RunStatus =
  | 'QUEUED'
  | 'RUNNING'
  | 'SUCCEEDED'
  /** Delivered what it read, but not all could be read: removes nothing. */
  | 'PARTIAL'
  /** Found suspiciously little: removes nothing. */
  | 'SUSPECT'
  | 'FAILED'
  | 'CANCELLED';

export type RunTrigger =
  | 'CREATED'
  | 'SCHEDULE'
  | 'REQUESTED'
  | 'UPDATED';

export type Run = {
  id: Scalars['ID']['output'];
  source: Source;
  status: RunStatus;
  trigger: RunTrigger;
  queuedAt: Scalars['DateTime']['output'];
  startedAt?: Maybe<Scalars['DateTime']['output']>;
  finishedAt?: Maybe<Scalars['DateTime']['output']>;
  pages: Scalars['Int']['output'];
  /** Bytes received, after decompression. */
  bytes: Scalars['Int']['output'];
  records: Scalars['Int']['output'];
  quarantined: Scalars['Int']['output'];
  /** The first of the quarantined records, at most 20. */
  quarantinedRecords: Array<QuarantinedRecord>;
  /** Fields that were missing or could not be read, however many records were. */
  misses: Array<FieldMiss>;
  error?: Maybe<RunError>;
};

export type QuarantinedRecord = {
  page: Scalars['String']['output'];
  field?: Maybe<Scalars['String']['output']>;
  reason: Scalars['String']['output'];
  /** Raw values by field, cut to 200 characters each. */
  raw?: Maybe<Scalars['JSON']['output']>;
};

export type FieldMiss = {
  field: Scalars['String']['output'];
  /** Records in which the selector found nothing. */
  missing: Scalars['Int']['output'];
  /** Records in which what it found is not of the field's type. */
  invalid: Scalars['Int']['output'];
  /** One raw value that could not be read, cut to 200 characters. */
  sample?: Maybe<Scalars['String']['output']>;
};

export type RunError = {
  /**
   * Of the way to the page: DNS_FAILED, CONNECTION_FAILED, TLS_FAILED, TIMEOUT, HTTP_STATUS, TOO_MANY_REDIRECTS,
   * ADDRESS_FORBIDDEN. Of the page: TOO_LARGE, TOO_SLOW, BAD_CONTENT, UNSUPPORTED. Of what was found: RESULT_EMPTY,
   * RESULT_SUSPECT, RECORDS_INVALID. Of ourselves: DELIVERY_FAILED, WORKER_LOST, INTERNAL.
   */
  code: Scalars['String']['output'];
  message: Scalars['String']['output'];
  /** The page on which it happened. */
  url?: Maybe<Scalars['String']['output']>;
};

export type RunConnection = {
  edges: Array<RunEdge>;
  nodes: Array<Run>;
  pageInfo: PageInfo;
  totalCount: Scalars['Int']['output'];
};

export type RunEdge = {
  cursor: Scalars['String']['output'];
  node: Run;
};

/** What the caller can mend: the input field (a path such as "fields.2.select"), what is wrong with it and how to mend it, a stable code. */
export type UserError = {
  field?: Maybe<Scalars['String']['output']>;
  message: Scalars['String']['output'];
  code: Scalars['String']['output'];
};

export type AddSourcePayload = {
  source?: Maybe<Source>;
  userErrors: Array<UserError>;
};

export type UpdateSourcePayload = {
  source?: Maybe<Source>;
  userErrors: Array<UserError>;
};

export type RemoveSourcePayload = {
  removedId?: Maybe<Scalars['ID']['output']>;
  userErrors: Array<UserError>;
};

export type PauseSourcePayload = {
  source?: Maybe<Source>;
  userErrors: Array<UserError>;
};

export type ResumeSourcePayload = {
  source?: Maybe<Source>;
  userErrors: Array<UserError>;
};

export type RunSourcePayload = {
  run?: Maybe<Run>;
  userErrors: Array<UserError>;
};

export type PreviewSourcePayload = {
  /** Null where the input is not valid or no worker could read it; `userErrors` say why. */
  preview?: Maybe<Preview>;
  userErrors: Array<UserError>;
};

export type Preview = {
  /** Records with the fields' names, of the fields' types. */
  records: Array<Scalars['JSON']['output']>;
  pages: Scalars['Int']['output'];
  bytes: Scalars['Int']['output'];
  quarantined: Scalars['Int']['output'];
  quarantinedRecords: Array<QuarantinedRecord>;
  misses: Array<FieldMiss>;
  error?: Maybe<RunError>;
  /** The GraphQL type that adding the source would give the collection. */
  typeDefinition: Scalars['String']['output'];
};

export type Cluster = {
  nodes: Array<ClusterNode>;
  pools: Array<ClusterPool>;
  workers: Array<Worker>;
  /** When the orchestrator last reported; null before its first report. */
  observedAt?: Maybe<Scalars['DateTime']['output']>;
};

export type ClusterNode = {
  hostname: Scalars['String']['output'];
  role: Scalars['String']['output'];
  availability: Scalars['String']['output'];
  state: Scalars['String']['output'];
  resources: NodeResources;
};

export type NodeResources = {
  cpus: Scalars['Float']['output'];
  /** Bytes. */
  memory: Scalars['Float']['output'];
};

export type ClusterPool = {
  name: Scalars['String']['output'];
  isolation: Isolation;
  /** What its workers can read pages with. */
  render: Renderer;
  /** How many workers it should have. */
  replicas: Scalars['Int']['output'];
  sourceCount: Scalars['Int']['output'];
  tasks: Array<ClusterTask>;
  /** How the last replacement of its workers by newer ones went; null where there was none. */
  update?: Maybe<PoolUpdate>;
  /** Why it has not all the workers it should have, or not the newest; null where all is well. */
  problem?: Maybe<Scalars['String']['output']>;
};

export type PoolUpdateState =
  | 'UPDATING'
  | 'COMPLETED'
  | 'PAUSED'
  | 'ROLLING_BACK'
  | 'ROLLED_BACK';

export type PoolUpdate = {
  state: PoolUpdateState;
  startedAt: Scalars['DateTime']['output'];
  /** What the runtime says of it. */
  message?: Maybe<Scalars['String']['output']>;
};

export type ClusterTask = {
  id: Scalars['ID']['output'];
  node?: Maybe<Scalars['String']['output']>;
  /** PENDING, STARTING, RUNNING, STOPPING, FAILED */
  state: Scalars['String']['output'];
  since: Scalars['DateTime']['output'];
  error?: Maybe<Scalars['String']['output']>;
  sources: SourceConnection;
};


export type ClusterTaskSourcesArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
};

export type Worker = {
  id: Scalars['ID']['output'];
  pool: Scalars['String']['output'];
  hostname: Scalars['String']['output'];
  capacity: Scalars['Int']['output'];
  sourceCount: Scalars['Int']['output'];
  startedAt: Scalars['DateTime']['output'];
  lastSeenAt: Scalars['DateTime']['output'];
  sources: SourceConnection;
};


export type WorkerSourcesArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
};

export type CollectionDefinitionPage = {
  /** Each a CollectionDefinition of platform/model/collection-definition.ts. */
  definitions: Array<Scalars['JSON']['output']>;
  /** The revision up to which these definitions are complete: the next `after`. */
  revision: Scalars['Counter']['output'];
  hasMore: Scalars['Boolean']['output'];
};

export type PoolDemand = {
  pool: Scalars['String']['output'];
  isolation: Isolation;
  sourceCount: Scalars['Int']['output'];
  /** Workers that the pool's claims come from now. */
  workerIds: Array<Scalars['ID']['output']>;
};

export type ClaimSourcesInput = {
  /** Unique to one process' life: a worker that lost its lease comes back under a new id. */
  workerId: Scalars['ID']['input'];
  pool: Scalars['String']['input'];
  hostname: Scalars['String']['input'];
  /** How many sources it can hold in all. */
  capacity: Scalars['Int']['input'];
  /** The runtime's id of the task this worker is, where it has one. */
  taskId?: InputMaybe<Scalars['String']['input']>;
};

export type ClaimSourcesPayload = {
  leases: Array<SourceLease>;
  /** How long the worker's leases hold from the sending of the request, in milliseconds; renewals lengthen all at once. */
  leaseMs: Scalars['Int']['output'];
  /** Where `renewLeases` goes on from. */
  after: Scalars['Counter']['output'];
};

export type SourceLease = {
  sourceId: Scalars['ID']['output'];
  /** Fencing token: grows with each claim of the source. */
  token: Scalars['Counter']['output'];
  revision: Scalars['Int']['output'];
  /** A SourceSpec of platform/model/source-spec.ts. */
  spec: Scalars['JSON']['output'];
  /** When it runs next; in the past where it is due. Null: only on request. */
  nextRunAt?: Maybe<Scalars['DateTime']['output']>;
  /** A run that waits to be started at once. */
  queuedRunId?: Maybe<Scalars['ID']['output']>;
  /** Records of the last complete run of this configuration, the baseline of SUSPECT; null before the first. */
  baselineRecords?: Maybe<Scalars['Int']['output']>;
};

export type RenewLeasesInput = {
  workerId: Scalars['ID']['input'];
  /** The `after` of the previous claim or renewal. */
  after: Scalars['Counter']['input'];
};

export type RenewLeasesPayload = {
  /** False where the worker's leases have run out: it holds nothing any more and must stop all runs. */
  isKnown: Scalars['Boolean']['output'];
  /** Leases whose spec, schedule or queued run changed. */
  changed: Array<SourceLease>;
  /** Sources taken away: paused, removed, moved to another pool. */
  lostSourceIds: Array<Scalars['ID']['output']>;
  leaseMs: Scalars['Int']['output'];
  after: Scalars['Counter']['output'];
  /** Whether sources of the worker's pool wait for a claim. */
  hasUnclaimed: Scalars['Boolean']['output'];
};

export type ReportRunInput = {
  /** The queued run's id, or a new one where the schedule started it. */
  runId: Scalars['ID']['input'];
  sourceId: Scalars['ID']['input'];
  workerId: Scalars['ID']['input'];
  token: Scalars['Counter']['input'];
  /** RUNNING at the start and as progress; then one of the final ones. */
  status: RunStatus;
  startedAt: Scalars['DateTime']['input'];
  finishedAt?: InputMaybe<Scalars['DateTime']['input']>;
  pages?: Scalars['Int']['input'];
  bytes?: Scalars['Counter']['input'];
  records?: Scalars['Int']['input'];
  quarantined?: Scalars['Int']['input'];
  /** QuarantinedRecord, at most 20. */
  quarantinedRecords?: InputMaybe<Array<Scalars['JSON']['input']>>;
  /** FieldMiss. */
  misses?: InputMaybe<Array<Scalars['JSON']['input']>>;
  /** RunError. */
  error?: InputMaybe<Scalars['JSON']['input']>;
};

export type ReportRunPayload = {
  /** When the source runs next, once the run has ended. */
  nextRunAt?: Maybe<Scalars['DateTime']['output']>;
};

export type PreviewTask = {
  id: Scalars['ID']['output'];
  /** A SourceSpec. */
  spec: Scalars['JSON']['output'];
  first: Scalars['Int']['output'];
};

export type ReportPreviewInput = {
  id: Scalars['ID']['input'];
  workerId: Scalars['ID']['input'];
  /** A PreviewReport of platform/model/run.ts. */
  report: Scalars['JSON']['input'];
};

export type ReportClusterInput = {
  /** An ObservedCluster of platform/model/cluster.ts. */
  observed: Scalars['JSON']['input'];
};

export type WorkChanged = {
  /** CLAIM, RENEW or PREVIEW. */
  reason: Scalars['String']['output'];
};

export type Link__Purpose =
  /** `SECURITY` features provide metadata necessary to securely resolve fields. */
  | 'SECURITY'
  /** `EXECUTION` features provide metadata necessary for operation execution. */
  | 'EXECUTION';

export type _Service = {
  sdl?: Maybe<Scalars['String']['output']>;
};

export type _Entity = Collection | Run | Source;



export type ResolverTypeWrapper<T> = Promise<T> | T;


export type ResolverWithResolve<TResult, TParent, TContext, TArgs> = {
  resolve: ResolverFn<TResult, TParent, TContext, TArgs>;
};
export type Resolver<TResult, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = ResolverFn<TResult, TParent, TContext, TArgs> | ResolverWithResolve<TResult, TParent, TContext, TArgs>;

export type ResolverFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => Promise<TResult> | TResult;

export type SubscriptionSubscribeFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => AsyncIterable<TResult> | Promise<AsyncIterable<TResult>>;

export type SubscriptionResolveFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

export interface SubscriptionSubscriberObject<TResult, TKey extends string, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<{ [key in TKey]: TResult }, TParent, TContext, TArgs>;
  resolve?: SubscriptionResolveFn<TResult, { [key in TKey]: TResult }, TContext, TArgs>;
}

export interface SubscriptionResolverObject<TResult, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<any, TParent, TContext, TArgs>;
  resolve: SubscriptionResolveFn<TResult, any, TContext, TArgs>;
}

export type SubscriptionObject<TResult, TKey extends string, TParent, TContext, TArgs> =
  | SubscriptionSubscriberObject<TResult, TKey, TParent, TContext, TArgs>
  | SubscriptionResolverObject<TResult, TParent, TContext, TArgs>;

export type SubscriptionResolver<TResult, TKey extends string, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> =
  | ((...args: any[]) => SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>)
  | SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>;

export type TypeResolveFn<TTypes, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (
  parent: TParent,
  context: TContext,
  info: GraphQLResolveInfo
) => Maybe<TTypes> | Promise<Maybe<TTypes>>;

export type IsTypeOfResolverFn<T = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (obj: T, context: TContext, info: GraphQLResolveInfo) => boolean | Promise<boolean>;

export type NextResolverFn<T> = () => Promise<T>;

export type DirectiveResolverFn<TResult = Record<PropertyKey, never>, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = (
  next: NextResolverFn<TResult>,
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;





/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  DateTime: ResolverTypeWrapper<any>;
  URL: ResolverTypeWrapper<any>;
  JSON: ResolverTypeWrapper<any>;
  Duration: ResolverTypeWrapper<any>;
  Counter: ResolverTypeWrapper<any>;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  ID: ResolverTypeWrapper<any>;
  Int: ResolverTypeWrapper<any>;
  String: ResolverTypeWrapper<any>;
  Mutation: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Boolean: ResolverTypeWrapper<any>;
  Subscription: ResolverTypeWrapper<Record<PropertyKey, never>>;
  SourceFormat: ResolverTypeWrapper<any>;
  Renderer: ResolverTypeWrapper<any>;
  Isolation: ResolverTypeWrapper<any>;
  FieldType: ResolverTypeWrapper<any>;
  Merge: ResolverTypeWrapper<any>;
  SourceState: ResolverTypeWrapper<any>;
  DataDisposal: ResolverTypeWrapper<any>;
  AddSourceInput: ResolverTypeWrapper<any>;
  UpdateSourceInput: ResolverTypeWrapper<any>;
  FieldInput: ResolverTypeWrapper<any>;
  PaginationInput: ResolverTypeWrapper<any>;
  SourceFilter: ResolverTypeWrapper<any>;
  Source: ResolverTypeWrapper<any>;
  Field: ResolverTypeWrapper<any>;
  Pagination: ResolverTypeWrapper<any>;
  SourceConnection: ResolverTypeWrapper<any>;
  SourceEdge: ResolverTypeWrapper<any>;
  PageInfo: ResolverTypeWrapper<any>;
  Collection: ResolverTypeWrapper<any>;
  RunStatus: ResolverTypeWrapper<any>;
  RunTrigger: ResolverTypeWrapper<any>;
  Run: ResolverTypeWrapper<any>;
  QuarantinedRecord: ResolverTypeWrapper<any>;
  FieldMiss: ResolverTypeWrapper<any>;
  RunError: ResolverTypeWrapper<any>;
  RunConnection: ResolverTypeWrapper<any>;
  RunEdge: ResolverTypeWrapper<any>;
  UserError: ResolverTypeWrapper<any>;
  AddSourcePayload: ResolverTypeWrapper<any>;
  UpdateSourcePayload: ResolverTypeWrapper<any>;
  RemoveSourcePayload: ResolverTypeWrapper<any>;
  PauseSourcePayload: ResolverTypeWrapper<any>;
  ResumeSourcePayload: ResolverTypeWrapper<any>;
  RunSourcePayload: ResolverTypeWrapper<any>;
  PreviewSourcePayload: ResolverTypeWrapper<any>;
  Preview: ResolverTypeWrapper<any>;
  Cluster: ResolverTypeWrapper<any>;
  ClusterNode: ResolverTypeWrapper<any>;
  NodeResources: ResolverTypeWrapper<any>;
  Float: ResolverTypeWrapper<any>;
  ClusterPool: ResolverTypeWrapper<any>;
  PoolUpdateState: ResolverTypeWrapper<any>;
  PoolUpdate: ResolverTypeWrapper<any>;
  ClusterTask: ResolverTypeWrapper<any>;
  Worker: ResolverTypeWrapper<any>;
  CollectionDefinitionPage: ResolverTypeWrapper<any>;
  PoolDemand: ResolverTypeWrapper<any>;
  ClaimSourcesInput: ResolverTypeWrapper<any>;
  ClaimSourcesPayload: ResolverTypeWrapper<any>;
  SourceLease: ResolverTypeWrapper<any>;
  RenewLeasesInput: ResolverTypeWrapper<any>;
  RenewLeasesPayload: ResolverTypeWrapper<any>;
  ReportRunInput: ResolverTypeWrapper<any>;
  ReportRunPayload: ResolverTypeWrapper<any>;
  PreviewTask: ResolverTypeWrapper<any>;
  ReportPreviewInput: ResolverTypeWrapper<any>;
  ReportClusterInput: ResolverTypeWrapper<any>;
  WorkChanged: ResolverTypeWrapper<any>;
  link__Purpose: ResolverTypeWrapper<any>;
  link__Import: ResolverTypeWrapper<any>;
  federation__FieldSet: ResolverTypeWrapper<any>;
  federation__Scope: ResolverTypeWrapper<any>;
  federation__Policy: ResolverTypeWrapper<any>;
  _Any: ResolverTypeWrapper<any>;
  _Service: ResolverTypeWrapper<any>;
  _Entity: ResolverTypeWrapper<any>;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  DateTime: any;
  URL: any;
  JSON: any;
  Duration: any;
  Counter: any;
  Query: Record<PropertyKey, never>;
  ID: any;
  Int: any;
  String: any;
  Mutation: Record<PropertyKey, never>;
  Boolean: any;
  Subscription: Record<PropertyKey, never>;
  AddSourceInput: any;
  UpdateSourceInput: any;
  FieldInput: any;
  PaginationInput: any;
  SourceFilter: any;
  Source: any;
  Field: any;
  Pagination: any;
  SourceConnection: any;
  SourceEdge: any;
  PageInfo: any;
  Collection: any;
  Run: any;
  QuarantinedRecord: any;
  FieldMiss: any;
  RunError: any;
  RunConnection: any;
  RunEdge: any;
  UserError: any;
  AddSourcePayload: any;
  UpdateSourcePayload: any;
  RemoveSourcePayload: any;
  PauseSourcePayload: any;
  ResumeSourcePayload: any;
  RunSourcePayload: any;
  PreviewSourcePayload: any;
  Preview: any;
  Cluster: any;
  ClusterNode: any;
  NodeResources: any;
  Float: any;
  ClusterPool: any;
  PoolUpdate: any;
  ClusterTask: any;
  Worker: any;
  CollectionDefinitionPage: any;
  PoolDemand: any;
  ClaimSourcesInput: any;
  ClaimSourcesPayload: any;
  SourceLease: any;
  RenewLeasesInput: any;
  RenewLeasesPayload: any;
  ReportRunInput: any;
  ReportRunPayload: any;
  PreviewTask: any;
  ReportPreviewInput: any;
  ReportClusterInput: any;
  WorkChanged: any;
  link__Import: any;
  federation__FieldSet: any;
  federation__Scope: any;
  federation__Policy: any;
  _Any: any;
  _Service: any;
  _Entity: any;
};

export type LinkDirectiveArgs = {
  url?: Maybe<Scalars['String']['input']>;
  as?: Maybe<Scalars['String']['input']>;
  for?: Maybe<Link__Purpose>;
  import?: Maybe<Array<Maybe<Scalars['link__Import']['input']>>>;
};

export type LinkDirectiveResolver<Result, Parent, ContextType = SubgraphContext, Args = LinkDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export type KeyDirectiveArgs = {
  fields: Scalars['federation__FieldSet']['input'];
  resolvable?: Maybe<Scalars['Boolean']['input']>;
};

export type KeyDirectiveResolver<Result, Parent, ContextType = SubgraphContext, Args = KeyDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export type Federation__RequiresDirectiveArgs = {
  fields: Scalars['federation__FieldSet']['input'];
};

export type Federation__RequiresDirectiveResolver<Result, Parent, ContextType = SubgraphContext, Args = Federation__RequiresDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export type Federation__ProvidesDirectiveArgs = {
  fields: Scalars['federation__FieldSet']['input'];
};

export type Federation__ProvidesDirectiveResolver<Result, Parent, ContextType = SubgraphContext, Args = Federation__ProvidesDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export type Federation__ExternalDirectiveArgs = {
  reason?: Maybe<Scalars['String']['input']>;
};

export type Federation__ExternalDirectiveResolver<Result, Parent, ContextType = SubgraphContext, Args = Federation__ExternalDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export type Federation__TagDirectiveArgs = {
  name: Scalars['String']['input'];
};

export type Federation__TagDirectiveResolver<Result, Parent, ContextType = SubgraphContext, Args = Federation__TagDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export type Federation__ExtendsDirectiveArgs = { };

export type Federation__ExtendsDirectiveResolver<Result, Parent, ContextType = SubgraphContext, Args = Federation__ExtendsDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export type ShareableDirectiveArgs = { };

export type ShareableDirectiveResolver<Result, Parent, ContextType = SubgraphContext, Args = ShareableDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export type InaccessibleDirectiveArgs = { };

export type InaccessibleDirectiveResolver<Result, Parent, ContextType = SubgraphContext, Args = InaccessibleDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export type Federation__OverrideDirectiveArgs = {
  from: Scalars['String']['input'];
  label?: Maybe<Scalars['String']['input']>;
};

export type Federation__OverrideDirectiveResolver<Result, Parent, ContextType = SubgraphContext, Args = Federation__OverrideDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export type Federation__ComposeDirectiveDirectiveArgs = {
  name?: Maybe<Scalars['String']['input']>;
};

export type Federation__ComposeDirectiveDirectiveResolver<Result, Parent, ContextType = SubgraphContext, Args = Federation__ComposeDirectiveDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export type Federation__InterfaceObjectDirectiveArgs = { };

export type Federation__InterfaceObjectDirectiveResolver<Result, Parent, ContextType = SubgraphContext, Args = Federation__InterfaceObjectDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export type Federation__AuthenticatedDirectiveArgs = { };

export type Federation__AuthenticatedDirectiveResolver<Result, Parent, ContextType = SubgraphContext, Args = Federation__AuthenticatedDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export type Federation__RequiresScopesDirectiveArgs = {
  scopes: Array<Array<Scalars['federation__Scope']['input']>>;
};

export type Federation__RequiresScopesDirectiveResolver<Result, Parent, ContextType = SubgraphContext, Args = Federation__RequiresScopesDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export type Federation__PolicyDirectiveArgs = {
  policies: Array<Array<Scalars['federation__Policy']['input']>>;
};

export type Federation__PolicyDirectiveResolver<Result, Parent, ContextType = SubgraphContext, Args = Federation__PolicyDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export interface DateTimeScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['DateTime'], any> {
  name: 'DateTime';
}

export interface UrlScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['URL'], any> {
  name: 'URL';
}

export interface JsonScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['JSON'], any> {
  name: 'JSON';
}

export interface DurationScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['Duration'], any> {
  name: 'Duration';
}

export interface CounterScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['Counter'], any> {
  name: 'Counter';
}

export type QueryResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query']> = {
  source?: Resolver<Maybe<ResolversTypes['Source']>, ParentType, ContextType, RequireFields<QuerySourceArgs, 'id'>>;
  sources?: Resolver<ResolversTypes['SourceConnection'], ParentType, ContextType, RequireFields<QuerySourcesArgs, 'first'>>;
  runs?: Resolver<ResolversTypes['RunConnection'], ParentType, ContextType, RequireFields<QueryRunsArgs, 'first'>>;
  cluster?: Resolver<ResolversTypes['Cluster'], ParentType, ContextType>;
  collectionDefinitions?: Resolver<ResolversTypes['CollectionDefinitionPage'], ParentType, ContextType, RequireFields<QueryCollectionDefinitionsArgs, 'after' | 'first'>>;
  poolDemands?: Resolver<Array<ResolversTypes['PoolDemand']>, ParentType, ContextType>;
  _entities?: Resolver<Array<Maybe<ResolversTypes['_Entity']>>, ParentType, ContextType, RequireFields<Query_EntitiesArgs, 'representations'>>;
  _service?: Resolver<ResolversTypes['_Service'], ParentType, ContextType>;
};

export type MutationResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['Mutation'] = ResolversParentTypes['Mutation']> = {
  addSource?: Resolver<ResolversTypes['AddSourcePayload'], ParentType, ContextType, RequireFields<MutationAddSourceArgs, 'input'>>;
  updateSource?: Resolver<ResolversTypes['UpdateSourcePayload'], ParentType, ContextType, RequireFields<MutationUpdateSourceArgs, 'id' | 'input'>>;
  removeSource?: Resolver<ResolversTypes['RemoveSourcePayload'], ParentType, ContextType, RequireFields<MutationRemoveSourceArgs, 'id' | 'data'>>;
  pauseSource?: Resolver<ResolversTypes['PauseSourcePayload'], ParentType, ContextType, RequireFields<MutationPauseSourceArgs, 'id'>>;
  resumeSource?: Resolver<ResolversTypes['ResumeSourcePayload'], ParentType, ContextType, RequireFields<MutationResumeSourceArgs, 'id'>>;
  runSource?: Resolver<ResolversTypes['RunSourcePayload'], ParentType, ContextType, RequireFields<MutationRunSourceArgs, 'id'>>;
  previewSource?: Resolver<ResolversTypes['PreviewSourcePayload'], ParentType, ContextType, RequireFields<MutationPreviewSourceArgs, 'input' | 'first'>>;
  claimSources?: Resolver<ResolversTypes['ClaimSourcesPayload'], ParentType, ContextType, RequireFields<MutationClaimSourcesArgs, 'input'>>;
  renewLeases?: Resolver<ResolversTypes['RenewLeasesPayload'], ParentType, ContextType, RequireFields<MutationRenewLeasesArgs, 'input'>>;
  releaseLeases?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType, RequireFields<MutationReleaseLeasesArgs, 'workerId'>>;
  reportRun?: Resolver<ResolversTypes['ReportRunPayload'], ParentType, ContextType, RequireFields<MutationReportRunArgs, 'input'>>;
  claimPreviews?: Resolver<Array<ResolversTypes['PreviewTask']>, ParentType, ContextType, RequireFields<MutationClaimPreviewsArgs, 'workerId' | 'first'>>;
  reportPreview?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType, RequireFields<MutationReportPreviewArgs, 'input'>>;
  reportCluster?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType, RequireFields<MutationReportClusterArgs, 'input'>>;
};

export type SubscriptionResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['Subscription'] = ResolversParentTypes['Subscription']> = {
  sourceChanged?: SubscriptionResolver<ResolversTypes['Source'], "sourceChanged", ParentType, ContextType, Partial<SubscriptionSourceChangedArgs>>;
  runChanged?: SubscriptionResolver<ResolversTypes['Run'], "runChanged", ParentType, ContextType, Partial<SubscriptionRunChangedArgs>>;
  clusterChanged?: SubscriptionResolver<ResolversTypes['Cluster'], "clusterChanged", ParentType, ContextType>;
  workChanged?: SubscriptionResolver<ResolversTypes['WorkChanged'], "workChanged", ParentType, ContextType, RequireFields<SubscriptionWorkChangedArgs, 'workerId'>>;
  poolDemandsChanged?: SubscriptionResolver<ResolversTypes['Boolean'], "poolDemandsChanged", ParentType, ContextType>;
};

export type SourceResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['Source'] = ResolversParentTypes['Source']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  url?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  revision?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  state?: Resolver<ResolversTypes['SourceState'], ParentType, ContextType>;
  collection?: Resolver<ResolversTypes['Collection'], ParentType, ContextType>;
  format?: Resolver<ResolversTypes['SourceFormat'], ParentType, ContextType>;
  render?: Resolver<ResolversTypes['Renderer'], ParentType, ContextType>;
  every?: Resolver<Maybe<ResolversTypes['Duration']>, ParentType, ContextType>;
  cron?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  timezone?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  records?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  fields?: Resolver<Array<ResolversTypes['Field']>, ParentType, ContextType>;
  key?: Resolver<Array<ResolversTypes['String']>, ParentType, ContextType>;
  retain?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  pagination?: Resolver<Maybe<ResolversTypes['Pagination']>, ParentType, ContextType>;
  isolation?: Resolver<ResolversTypes['Isolation'], ParentType, ContextType>;
  createdAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  updatedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  lastRun?: Resolver<Maybe<ResolversTypes['Run']>, ParentType, ContextType>;
  nextRunAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  worker?: Resolver<Maybe<ResolversTypes['Worker']>, ParentType, ContextType>;
  problem?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  runs?: Resolver<ResolversTypes['RunConnection'], ParentType, ContextType, RequireFields<SourceRunsArgs, 'first'>>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type FieldResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['Field'] = ResolversParentTypes['Field']> = {
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  select?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  type?: Resolver<ResolversTypes['FieldType'], ParentType, ContextType>;
  list?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  merge?: Resolver<ResolversTypes['Merge'], ParentType, ContextType>;
  required?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type PaginationResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['Pagination'] = ResolversParentTypes['Pagination']> = {
  next?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  limit?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type SourceConnectionResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['SourceConnection'] = ResolversParentTypes['SourceConnection']> = {
  edges?: Resolver<Array<ResolversTypes['SourceEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<ResolversTypes['Source']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
  totalCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type SourceEdgeResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['SourceEdge'] = ResolversParentTypes['SourceEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Source'], ParentType, ContextType>;
};

export type PageInfoResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['PageInfo'] = ResolversParentTypes['PageInfo']> = {
  hasNextPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  hasPreviousPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  startCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  endCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type CollectionResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['Collection'] = ResolversParentTypes['Collection']> = {
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  sources?: Resolver<ResolversTypes['SourceConnection'], ParentType, ContextType, RequireFields<CollectionSourcesArgs, 'first'>>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type RunResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['Run'] = ResolversParentTypes['Run']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  source?: Resolver<ResolversTypes['Source'], ParentType, ContextType>;
  status?: Resolver<ResolversTypes['RunStatus'], ParentType, ContextType>;
  trigger?: Resolver<ResolversTypes['RunTrigger'], ParentType, ContextType>;
  queuedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  startedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  finishedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  pages?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  bytes?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  records?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  quarantined?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  quarantinedRecords?: Resolver<Array<ResolversTypes['QuarantinedRecord']>, ParentType, ContextType>;
  misses?: Resolver<Array<ResolversTypes['FieldMiss']>, ParentType, ContextType>;
  error?: Resolver<Maybe<ResolversTypes['RunError']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type QuarantinedRecordResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['QuarantinedRecord'] = ResolversParentTypes['QuarantinedRecord']> = {
  page?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  field?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  reason?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  raw?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
};

export type FieldMissResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['FieldMiss'] = ResolversParentTypes['FieldMiss']> = {
  field?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  missing?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  invalid?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  sample?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type RunErrorResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['RunError'] = ResolversParentTypes['RunError']> = {
  code?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  url?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type RunConnectionResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['RunConnection'] = ResolversParentTypes['RunConnection']> = {
  edges?: Resolver<Array<ResolversTypes['RunEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<ResolversTypes['Run']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
  totalCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type RunEdgeResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['RunEdge'] = ResolversParentTypes['RunEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Run'], ParentType, ContextType>;
};

export type UserErrorResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['UserError'] = ResolversParentTypes['UserError']> = {
  field?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  code?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type AddSourcePayloadResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['AddSourcePayload'] = ResolversParentTypes['AddSourcePayload']> = {
  source?: Resolver<Maybe<ResolversTypes['Source']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type UpdateSourcePayloadResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['UpdateSourcePayload'] = ResolversParentTypes['UpdateSourcePayload']> = {
  source?: Resolver<Maybe<ResolversTypes['Source']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type RemoveSourcePayloadResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['RemoveSourcePayload'] = ResolversParentTypes['RemoveSourcePayload']> = {
  removedId?: Resolver<Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type PauseSourcePayloadResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['PauseSourcePayload'] = ResolversParentTypes['PauseSourcePayload']> = {
  source?: Resolver<Maybe<ResolversTypes['Source']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type ResumeSourcePayloadResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['ResumeSourcePayload'] = ResolversParentTypes['ResumeSourcePayload']> = {
  source?: Resolver<Maybe<ResolversTypes['Source']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type RunSourcePayloadResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['RunSourcePayload'] = ResolversParentTypes['RunSourcePayload']> = {
  run?: Resolver<Maybe<ResolversTypes['Run']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type PreviewSourcePayloadResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['PreviewSourcePayload'] = ResolversParentTypes['PreviewSourcePayload']> = {
  preview?: Resolver<Maybe<ResolversTypes['Preview']>, ParentType, ContextType>;
  userErrors?: Resolver<Array<ResolversTypes['UserError']>, ParentType, ContextType>;
};

export type PreviewResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['Preview'] = ResolversParentTypes['Preview']> = {
  records?: Resolver<Array<ResolversTypes['JSON']>, ParentType, ContextType>;
  pages?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  bytes?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  quarantined?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  quarantinedRecords?: Resolver<Array<ResolversTypes['QuarantinedRecord']>, ParentType, ContextType>;
  misses?: Resolver<Array<ResolversTypes['FieldMiss']>, ParentType, ContextType>;
  error?: Resolver<Maybe<ResolversTypes['RunError']>, ParentType, ContextType>;
  typeDefinition?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type ClusterResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['Cluster'] = ResolversParentTypes['Cluster']> = {
  nodes?: Resolver<Array<ResolversTypes['ClusterNode']>, ParentType, ContextType>;
  pools?: Resolver<Array<ResolversTypes['ClusterPool']>, ParentType, ContextType>;
  workers?: Resolver<Array<ResolversTypes['Worker']>, ParentType, ContextType>;
  observedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
};

export type ClusterNodeResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['ClusterNode'] = ResolversParentTypes['ClusterNode']> = {
  hostname?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  role?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  availability?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  state?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  resources?: Resolver<ResolversTypes['NodeResources'], ParentType, ContextType>;
};

export type NodeResourcesResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['NodeResources'] = ResolversParentTypes['NodeResources']> = {
  cpus?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  memory?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
};

export type ClusterPoolResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['ClusterPool'] = ResolversParentTypes['ClusterPool']> = {
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  isolation?: Resolver<ResolversTypes['Isolation'], ParentType, ContextType>;
  render?: Resolver<ResolversTypes['Renderer'], ParentType, ContextType>;
  replicas?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  sourceCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  tasks?: Resolver<Array<ResolversTypes['ClusterTask']>, ParentType, ContextType>;
  update?: Resolver<Maybe<ResolversTypes['PoolUpdate']>, ParentType, ContextType>;
  problem?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type PoolUpdateResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['PoolUpdate'] = ResolversParentTypes['PoolUpdate']> = {
  state?: Resolver<ResolversTypes['PoolUpdateState'], ParentType, ContextType>;
  startedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  message?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type ClusterTaskResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['ClusterTask'] = ResolversParentTypes['ClusterTask']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  node?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  state?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  since?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  error?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  sources?: Resolver<ResolversTypes['SourceConnection'], ParentType, ContextType, RequireFields<ClusterTaskSourcesArgs, 'first'>>;
};

export type WorkerResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['Worker'] = ResolversParentTypes['Worker']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  pool?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  hostname?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  capacity?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  sourceCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  startedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  lastSeenAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  sources?: Resolver<ResolversTypes['SourceConnection'], ParentType, ContextType, RequireFields<WorkerSourcesArgs, 'first'>>;
};

export type CollectionDefinitionPageResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['CollectionDefinitionPage'] = ResolversParentTypes['CollectionDefinitionPage']> = {
  definitions?: Resolver<Array<ResolversTypes['JSON']>, ParentType, ContextType>;
  revision?: Resolver<ResolversTypes['Counter'], ParentType, ContextType>;
  hasMore?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type PoolDemandResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['PoolDemand'] = ResolversParentTypes['PoolDemand']> = {
  pool?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  isolation?: Resolver<ResolversTypes['Isolation'], ParentType, ContextType>;
  sourceCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  workerIds?: Resolver<Array<ResolversTypes['ID']>, ParentType, ContextType>;
};

export type ClaimSourcesPayloadResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['ClaimSourcesPayload'] = ResolversParentTypes['ClaimSourcesPayload']> = {
  leases?: Resolver<Array<ResolversTypes['SourceLease']>, ParentType, ContextType>;
  leaseMs?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  after?: Resolver<ResolversTypes['Counter'], ParentType, ContextType>;
};

export type SourceLeaseResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['SourceLease'] = ResolversParentTypes['SourceLease']> = {
  sourceId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  token?: Resolver<ResolversTypes['Counter'], ParentType, ContextType>;
  revision?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  spec?: Resolver<ResolversTypes['JSON'], ParentType, ContextType>;
  nextRunAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  queuedRunId?: Resolver<Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
  baselineRecords?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
};

export type RenewLeasesPayloadResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['RenewLeasesPayload'] = ResolversParentTypes['RenewLeasesPayload']> = {
  isKnown?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  changed?: Resolver<Array<ResolversTypes['SourceLease']>, ParentType, ContextType>;
  lostSourceIds?: Resolver<Array<ResolversTypes['ID']>, ParentType, ContextType>;
  leaseMs?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  after?: Resolver<ResolversTypes['Counter'], ParentType, ContextType>;
  hasUnclaimed?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type ReportRunPayloadResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['ReportRunPayload'] = ResolversParentTypes['ReportRunPayload']> = {
  nextRunAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
};

export type PreviewTaskResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['PreviewTask'] = ResolversParentTypes['PreviewTask']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  spec?: Resolver<ResolversTypes['JSON'], ParentType, ContextType>;
  first?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type WorkChangedResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['WorkChanged'] = ResolversParentTypes['WorkChanged']> = {
  reason?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export interface Link__ImportScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['link__Import'], any> {
  name: 'link__Import';
}

export interface Federation__FieldSetScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['federation__FieldSet'], any> {
  name: 'federation__FieldSet';
}

export interface Federation__ScopeScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['federation__Scope'], any> {
  name: 'federation__Scope';
}

export interface Federation__PolicyScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['federation__Policy'], any> {
  name: 'federation__Policy';
}

export interface _AnyScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['_Any'], any> {
  name: '_Any';
}

export type _ServiceResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['_Service'] = ResolversParentTypes['_Service']> = {
  sdl?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type _EntityResolvers<ContextType = SubgraphContext, ParentType extends ResolversParentTypes['_Entity'] = ResolversParentTypes['_Entity']> = {
  __resolveType: TypeResolveFn<'Collection' | 'Run' | 'Source', ParentType, ContextType>;
};

export type Resolvers<ContextType = SubgraphContext> = {
  DateTime?: GraphQLScalarType;
  URL?: GraphQLScalarType;
  JSON?: GraphQLScalarType;
  Duration?: GraphQLScalarType;
  Counter?: GraphQLScalarType;
  Query?: QueryResolvers<ContextType>;
  Mutation?: MutationResolvers<ContextType>;
  Subscription?: SubscriptionResolvers<ContextType>;
  Source?: SourceResolvers<ContextType>;
  Field?: FieldResolvers<ContextType>;
  Pagination?: PaginationResolvers<ContextType>;
  SourceConnection?: SourceConnectionResolvers<ContextType>;
  SourceEdge?: SourceEdgeResolvers<ContextType>;
  PageInfo?: PageInfoResolvers<ContextType>;
  Collection?: CollectionResolvers<ContextType>;
  Run?: RunResolvers<ContextType>;
  QuarantinedRecord?: QuarantinedRecordResolvers<ContextType>;
  FieldMiss?: FieldMissResolvers<ContextType>;
  RunError?: RunErrorResolvers<ContextType>;
  RunConnection?: RunConnectionResolvers<ContextType>;
  RunEdge?: RunEdgeResolvers<ContextType>;
  UserError?: UserErrorResolvers<ContextType>;
  AddSourcePayload?: AddSourcePayloadResolvers<ContextType>;
  UpdateSourcePayload?: UpdateSourcePayloadResolvers<ContextType>;
  RemoveSourcePayload?: RemoveSourcePayloadResolvers<ContextType>;
  PauseSourcePayload?: PauseSourcePayloadResolvers<ContextType>;
  ResumeSourcePayload?: ResumeSourcePayloadResolvers<ContextType>;
  RunSourcePayload?: RunSourcePayloadResolvers<ContextType>;
  PreviewSourcePayload?: PreviewSourcePayloadResolvers<ContextType>;
  Preview?: PreviewResolvers<ContextType>;
  Cluster?: ClusterResolvers<ContextType>;
  ClusterNode?: ClusterNodeResolvers<ContextType>;
  NodeResources?: NodeResourcesResolvers<ContextType>;
  ClusterPool?: ClusterPoolResolvers<ContextType>;
  PoolUpdate?: PoolUpdateResolvers<ContextType>;
  ClusterTask?: ClusterTaskResolvers<ContextType>;
  Worker?: WorkerResolvers<ContextType>;
  CollectionDefinitionPage?: CollectionDefinitionPageResolvers<ContextType>;
  PoolDemand?: PoolDemandResolvers<ContextType>;
  ClaimSourcesPayload?: ClaimSourcesPayloadResolvers<ContextType>;
  SourceLease?: SourceLeaseResolvers<ContextType>;
  RenewLeasesPayload?: RenewLeasesPayloadResolvers<ContextType>;
  ReportRunPayload?: ReportRunPayloadResolvers<ContextType>;
  PreviewTask?: PreviewTaskResolvers<ContextType>;
  WorkChanged?: WorkChangedResolvers<ContextType>;
  link__Import?: GraphQLScalarType;
  federation__FieldSet?: GraphQLScalarType;
  federation__Scope?: GraphQLScalarType;
  federation__Policy?: GraphQLScalarType;
  _Any?: GraphQLScalarType;
  _Service?: _ServiceResolvers<ContextType>;
  _Entity?: _EntityResolvers<ContextType>;
};

export type DirectiveResolvers<ContextType = SubgraphContext> = {
  link?: LinkDirectiveResolver<any, any, ContextType>;
  key?: KeyDirectiveResolver<any, any, ContextType>;
  federation__requires?: Federation__RequiresDirectiveResolver<any, any, ContextType>;
  federation__provides?: Federation__ProvidesDirectiveResolver<any, any, ContextType>;
  federation__external?: Federation__ExternalDirectiveResolver<any, any, ContextType>;
  federation__tag?: Federation__TagDirectiveResolver<any, any, ContextType>;
  federation__extends?: Federation__ExtendsDirectiveResolver<any, any, ContextType>;
  shareable?: ShareableDirectiveResolver<any, any, ContextType>;
  inaccessible?: InaccessibleDirectiveResolver<any, any, ContextType>;
  federation__override?: Federation__OverrideDirectiveResolver<any, any, ContextType>;
  federation__composeDirective?: Federation__ComposeDirectiveDirectiveResolver<any, any, ContextType>;
  federation__interfaceObject?: Federation__InterfaceObjectDirectiveResolver<any, any, ContextType>;
  federation__authenticated?: Federation__AuthenticatedDirectiveResolver<any, any, ContextType>;
  federation__requiresScopes?: Federation__RequiresScopesDirectiveResolver<any, any, ContextType>;
  federation__policy?: Federation__PolicyDirectiveResolver<any, any, ContextType>;
};
