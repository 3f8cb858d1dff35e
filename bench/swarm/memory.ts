/** What one worker's container takes: as it stands ready, and with a thousand sources that have each run once. */
import { until } from '../../test/e2e/app.ts';
import { Engine, type SwarmTask } from '../../test/swarm/engine.ts';
import { SwarmCluster } from '../../test/swarm/swarm-cluster.ts';
import type { Figure } from '../report.ts';

const SOURCES = 1_000;

/** Sources added at once: as fast as the machine can, and not faster. */
const AT_ONCE = 8;

/** How long a worker rests before it is looked at, in milliseconds: V8 gives back what it does not need in that time. */
const REST_MS = 10_000;

/** Adding and reading a thousand sources, on a small machine. */
const ALL_READ_MS = 600_000;

interface MemoryStats {
  readonly memory_stats: { readonly usage: number; readonly stats: Readonly<Record<string, number>> };
}

export async function benchMemory(): Promise<Figure[]> {
  // Only the manager's own containers can be asked here.
  const own = await new Engine().ownNodeId();
  const cluster = await SwarmCluster.open({
    WORKER_CONSTRAINTS: `node.id==${own}`,
    WORKER_CAPACITY: '10000',
  });
  try {
    await cluster.startOrchestrator();
    const [task] = await cluster.running('shared', 1);
    if (!task) throw new Error('There is no worker.');
    const idle = await residentBytes(cluster, task);
    const names = Array.from({ length: SOURCES }, (_, index) => `source-${index}`);
    const queue = [...names];
    const addAll = async () => {
      for (let name = queue.pop(); name; name = queue.pop()) await cluster.add(name, { every: 'P1D' });
    };
    await Promise.all(Array.from({ length: AT_ONCE }, addAll));
    const missing = () => names.filter((name) => cluster.site.reads(name) === 0).length;
    await until('all sources to be read', () => missing() === 0, missing, ALL_READ_MS);
    const full = await residentBytes(cluster, task);
    return [
      { name: 'idle', value: idle / 1e6, unit: 'MB' },
      { name: `with ${SOURCES} idle sources`, value: full / 1e6, unit: 'MB' },
    ];
  } finally {
    await cluster.close();
  }
}

/** As `docker stats` counts: without the files that the kernel keeps only because there is room. */
async function residentBytes(cluster: SwarmCluster, { Status }: SwarmTask): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
  const container = cluster.engine.docker.getContainer(String(Status.ContainerStatus?.ContainerID));
  const { memory_stats: memory } = (await container.stats({ stream: false })) as MemoryStats;
  return memory.usage - (memory.stats.total_inactive_file ?? memory.stats.inactive_file ?? 0);
}
