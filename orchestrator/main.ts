/** The orchestrator as a process of its own. */
import { z } from 'zod';
import { pickSettings } from '../platform/config.ts';
import { followLiveConfig } from '../platform/live-config.ts';
import { openLeadership, openRuntime } from '../platform/open.ts';
import { openProbeServer } from '../platform/process/probe-server.ts';
import { runService } from '../platform/process/run-service.ts';
import { anyPort, processSettings } from '../platform/process/settings.ts';
import { scraperSettings } from '../scrapers/config.ts';
import { liveOrchestratorSettings, orchestratorSettings } from './config.ts';
import { openOrchestrator } from './service.ts';
import { swarmOptions, swarmSettings } from './swarm-settings.ts';

const settings = z.object({
  ...processSettings.shape,
  ...anyPort.shape,
  ...orchestratorSettings.shape,
  ...swarmSettings.shape,
  /** What runs the workers: `process:` as children of the orchestrator that leads; or a Docker Swarm, by its managers: `unix:///var/run/docker.sock`, `https://<host>:2376,https://…` or `http://docker-proxy:2375`. */
  RUNTIME_URL: z.string().default('process:'),
});

/** What workers are told is what the orchestrator was told, where they know it; ports are each one's own. */
const workerSettings = z.object({ ...processSettings.shape, ...scraperSettings.shape });

await runService(
  'orchestrator',
  settings,
  async ({ config, scope, clientOf, openDeps, openOptions, ...shared }) => {
    const { clock, logger, metrics, liveSettings } = shared;
    const runtime = scope.use(
      await openRuntime(config.RUNTIME_URL, openDeps, {
        environment: pickSettings(workerSettings, process.env),
        output: 1,
        swarm: (url) => swarmOptions(url, config, process.env),
      }),
    );
    const leadershipUrl = config.LEADERSHIP_URL ?? config.REGISTRY_URL;
    const leadership = scope.use(
      await openLeadership(leadershipUrl, openDeps, { ...openOptions, role: 'orchestrator' }),
    );
    const configuration = clientOf('configuration');
    const live = scope.use(followLiveConfig(liveSettings, liveOrchestratorSettings, config, logger));
    scope.use(
      await openOrchestrator({ configuration, runtime, leadership, clock, logger, metrics }, config, live),
    );
    const { HOST: host, PORT: port, SERVICE_TOKEN: serviceToken } = config;
    const probes = scope.use(
      await openProbeServer({ metrics, isReady: () => true }, { host, port, serviceToken }),
    );
    return { url: probes.url, drain: () => probes.drain() };
  },
);
