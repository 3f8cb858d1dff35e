/**
 * The proxy before Docker as a process of its own: the one that has a manager's socket, so it has nothing else. It
 * reaches no other service and none reaches it but the orchestrator.
 */
import { hostname } from 'node:os';
import { readConfig } from '../../platform/config.ts';
import { randomId } from '../../platform/ids.ts';
import { createLogger } from '../../platform/logger.ts';
import { Metrics } from '../../platform/metrics.ts';
import { Scope } from '../../platform/scope.ts';
import { aborted, shutdownSignal, tellFailure } from '../../platform/shutdown.ts';
import { dockerProxySettings, workerPolicy } from './config.ts';
import { openDockerProxy } from './proxy.ts';

const SERVICE = 'docker-proxy';

const stopping = shutdownSignal();
const scope = new Scope();
let exitCode = 0;
const fail = (error: unknown) => {
  exitCode = 1;
  tellFailure(SERVICE, error);
};
try {
  const config = readConfig(dockerProxySettings, process.env);
  const instance = `${SERVICE}-${hostname()}-${randomId()}`;
  const logger = createLogger(SERVICE, config.LOG_LEVEL, 1).child({ instance });
  const metrics = new Metrics();
  metrics.addProcess();
  const proxy = scope.use(
    await openDockerProxy({ logger, metrics }, workerPolicy(config), {
      host: config.HOST,
      port: config.PORT,
      socketPath: config.DOCKER_SOCKET,
      timeoutMs: config.DOCKER_TIMEOUT,
      bodyBytesMax: config.DOCKER_BODY_BYTES_MAX,
    }),
  );
  logger.info({ url: proxy.url, startMs: Math.round(performance.now()) }, 'service ready');
  await aborted(stopping);
  logger.info('service stopping');
  proxy.drain();
} catch (error) {
  fail(error);
}
await scope.close().catch(fail);
process.exit(exitCode);
