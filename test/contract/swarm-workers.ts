import Docker from 'dockerode';
import { openSwarmRuntime, type SwarmRuntimeOptions } from '../../platform/adapters/swarm-runtime.ts';
import { systemClock } from '../../platform/clock.ts';
import { randomId } from '../../platform/ids.ts';
import { silentLogger } from '../../platform/logger.ts';
import type { ObservedTask } from '../../platform/model/cluster.ts';
import type { Runtime } from '../../platform/ports/runtime.ts';

/** A manager: `unix:///var/run/docker.sock`. Tests of swarms show as skipped without it. */
export const DOCKER_HOST = process.env.DOCKER_HOST;

/** An image that the manager's node has, with Node in it. */
export const WORKER_IMAGE = 'node:22-bookworm-slim';

/** The smallest workers: one that goes when it is asked to, and one that cannot live. */
export const GOOD_ARGS = [
  'node',
  '-e',
  'process.on("SIGTERM", () => process.exit(0)); setInterval(() => {}, 1e6)',
];
/** Before Node would have started: on a busy machine that takes longer than an update is watched. */
export const BROKEN_ARGS = ['sh', '-c', 'exit 7'];

/** What one test has in the swarm, apart from all others by its key prefix. */
export interface SwarmWorkers {
  readonly docker: Docker;
  readonly keyPrefix: string;
  /** One more runtime of the same platform: an orchestrator started anew, maybe with other settings. */
  open(changes?: Partial<SwarmRuntimeOptions>): Promise<Runtime>;
  /** Tasks whose containers run, and the pool each was told it is in. */
  alive(): Promise<ReadonlyMap<string, string>>;
  crash(task: ObservedTask): Promise<void>;
  /** Removes everything with the key prefix, and closes the runtimes. */
  cleanUp(): Promise<void>;
}

export async function openSwarmWorkers(): Promise<SwarmWorkers> {
  const docker = new Docker();
  const keyPrefix = `test-${randomId()
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')}`;
  const info = (await docker.info()) as { readonly Swarm: { readonly NodeID: string } };
  const runtimes: Runtime[] = [];
  const containers = (label: string) => docker.listContainers({ filters: { label: [label] } });
  const resources = { cpus: 1, cpusReserved: 0.01, memoryBytes: 256e6, memoryReservedBytes: 16e6 };
  return {
    docker,
    keyPrefix,
    async open(changes = {}) {
      const runtime = await openSwarmRuntime(
        { clock: systemClock, logger: silentLogger },
        {
          url: (DOCKER_HOST ?? '').replace(/^tcp:/, 'http:'),
          timeoutMs: 20_000,
          keyPrefix,
          image: WORKER_IMAGE,
          args: GOOD_ARGS,
          environment: { LOG_LEVEL: 'warn' },
          secrets: {},
          networks: [],
          resources,
          browserResources: resources,
          // Where their containers can be seen.
          constraints: [`node.id==${info.Swarm.NodeID}`],
          restartDelayMs: 50,
          stopGraceMs: 5_000,
          updateMonitorMs: 3_000,
          logSizeMax: '1m',
          ...changes,
        },
      );
      runtimes.push(runtime);
      return runtime;
    },
    async alive() {
      const found = await containers(`dev.tributary.platform=${keyPrefix}`);
      const told = await Promise.all(
        found.map(async ({ Id }): Promise<readonly [string, string][]> => {
          // One that goes between the two questions is not alive.
          const inspected = await docker
            .getContainer(Id)
            .inspect()
            .catch(() => undefined);
          if (!inspected?.State.Running) return [];
          const environment = new Map(
            inspected.Config.Env.map((line) => line.split('=', 2) as [string, string]),
          );
          return [[environment.get('TASK_ID') ?? '', environment.get('POOL') ?? '']];
        }),
      );
      return new Map(told.flat());
    },
    async crash({ id }) {
      const [container] = await containers(`com.docker.swarm.task.id=${id}`);
      if (!container) throw new Error(`Task ${id} has no container.`);
      await docker.getContainer(container.Id).kill();
    },
    async cleanUp() {
      await Promise.all(runtimes.map((runtime) => runtime.close()));
      const services = await docker.listServices({ filters: { name: [keyPrefix] } });
      await Promise.all(services.map(({ ID }) => docker.getService(ID).remove()));
    },
  };
}
