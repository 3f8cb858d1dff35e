/** What an operator says of the workers that a swarm runs, and of the way to its managers. */
export interface SwarmRuntimeOptions extends EngineOptions {
  /** Begins the names of all services, and says on each that it is ours. */
  readonly keyPrefix: string;
  /** What workers without a browser are started from, by tag or digest. */
  readonly image: string;
  /** What workers with a browser are started from. Without it pools of such workers are refused. */
  readonly browserImage?: string | undefined;
  /** What the image's entry point is told. @default ['scraper'] */
  readonly args?: readonly string[];
  /** The workers' settings. None of them is a secret: everybody who may look at the swarm reads them. */
  readonly environment: Readonly<Record<string, string>>;
  /** Settings whose values the swarm keeps: each with the name of its secret there. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Names of the networks that workers are on. */
  readonly networks: readonly string[];
  readonly resources: WorkerResources;
  /** Of workers with a browser. */
  readonly browserResources: WorkerResources;
  /** What a node must be to run workers, as `node.role==worker`. */
  readonly constraints: readonly string[];
  /** Label of nodes over whose values workers are spread evenly, as `node.labels.zone`. @default over the nodes */
  readonly spread?: string | undefined;
  /** How long the swarm waits before it starts a worker again that ended. */
  readonly restartDelayMs: number;
  /** How long a worker has between SIGTERM and SIGKILL. */
  readonly stopGraceMs: number;
  /** How long a new worker must live for its update to have gone well. */
  readonly updateMonitorMs: number;
  /** Size at which a worker's log is rotated, as Docker takes it: `10m`. */
  readonly logSizeMax: string;
  /** Stack as whose part the services are shown by `docker stack`. @default none */
  readonly stack?: string | undefined;
}

/** How the managers of the swarm are reached. */
export interface EngineOptions {
  /** `unix:///var/run/docker.sock`, `https://m1:2376,https://m2:2376` or `http://docker-proxy:2375`. */
  readonly url: string;
  /** Folder of `ca.pem`, `cert.pem` and `key.pem`, for `https://`. */
  readonly certPath?: string | undefined;
  /** How long one manager may take to answer, in milliseconds, before the next one is asked. */
  readonly timeoutMs: number;
}

export interface WorkerResources {
  /** What one worker may use: more memory ends it, more processor time it waits for. */
  readonly memoryBytes: number;
  readonly cpus: number;
  /** What a node must have left for one worker. */
  readonly memoryReservedBytes: number;
  readonly cpusReserved: number;
}
