import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { addKey } from '../../../gateway/access/key-file-changes.ts';
import { randomId } from '../../../platform/ids.ts';
import { Scope } from '../../../platform/scope.ts';
import { packageRoot } from '../../../platform/sdl.ts';
import { App, until } from '../../e2e/app.ts';
import { Engine, ignoringAbsence } from '../engine.ts';

const run = promisify(execFile);
const IMAGE = String(process.env.TRIBUTARY_IMAGE);
/** A stack starts all at once, on machines that may be small and busy, in milliseconds. */
export const STACK_MS = 420_000;
/** What one service's log says at the end tells why it is not there. */
const LOG_LINES = '20';

interface StackTask {
  readonly ServiceID: string;
  readonly NodeID?: string;
  readonly DesiredState: string;
  readonly Status: { readonly State: string; readonly Err?: string };
  readonly NetworksAttachments?: readonly { readonly Addresses?: readonly string[] }[];
}

interface StackService {
  readonly ID: string;
  readonly Spec: {
    readonly Name: string;
    readonly Mode: { readonly Replicated?: { readonly Replicas: number } };
    readonly TaskTemplate: { readonly Networks?: readonly { readonly Target: string }[] };
  };
}

/** `deploy/stack.yml` as a new user would deploy it, under a name, with secrets and a port of its own. */
export class DeployedStack {
  readonly name = `s-${randomId()
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '0')
    .slice(0, 8)}`;
  readonly engine = new Engine();
  readonly #scope = new Scope();
  readonly #port = 20_000 + Math.floor(Math.random() * 10_000);
  #key = '';
  #address = '';

  /** @param allowedNetworks That sources may name although they are not public. */
  static async deploy(allowedNetworks: string): Promise<DeployedStack> {
    const stack = new DeployedStack();
    try {
      await stack.#deploy(allowedNetworks);
      return stack;
    } catch (error) {
      await stack.close();
      throw error;
    }
  }

  /** The graph at a gateway, with a key that may do everything. */
  app(): App {
    return new App(() => `http://${this.#address}:${this.#port}`, { authorization: `Bearer ${this.#key}` });
  }

  /** Its full name of one of ours: `s-1a2b_gateway`. */
  serviceName(service: string): string {
    return `${this.name}_${service}`;
  }

  async services(): Promise<readonly StackService[]> {
    const filters = { label: [`com.docker.stack.namespace=${this.name}`] };
    return (await this.engine.docker.listServices({ filters })) as unknown as StackService[];
  }

  async networkId(network: string): Promise<string> {
    return (await this.engine.docker.getNetwork(this.serviceName(network)).inspect()).Id;
  }

  /** Addresses of the running tasks of a service, on all networks. */
  async addressesOf(service: string): Promise<readonly string[]> {
    const tasks = await this.#tasks();
    const { ID } = await this.engine.docker.getService(this.serviceName(service)).inspect();
    return tasks
      .filter(({ ServiceID, Status }) => ServiceID === ID && Status.State === 'running')
      .flatMap(({ NetworksAttachments = [] }) =>
        NetworksAttachments.flatMap(({ Addresses = [] }) => Addresses),
      )
      .map((cidr) => cidr.replace(/\/\d+$/, ''));
  }

  /** Runs the image once, on one of the stack's networks. @returns What it wrote. */
  async runOn(network: string, command: readonly string[]): Promise<string> {
    const Name = `${this.name}-probe-${randomId().slice(0, 4)}`.replaceAll('_', '0');
    const probe = await this.engine.docker.createService({
      Name,
      Labels: { 'com.docker.stack.namespace': this.name },
      TaskTemplate: {
        ContainerSpec: { Image: IMAGE, Command: [...command] },
        Networks: [{ Target: this.serviceName(network) }],
        RestartPolicy: { Condition: 'none' },
      },
      EndpointSpec: { Mode: 'dnsrr' },
    });
    try {
      await until(
        'the probe to end',
        async () => (await this.engine.tasks(Name)).some(({ Status }) => Status.State === 'complete'),
        undefined,
        STACK_MS,
      );
      return await this.docker('service', 'logs', '--raw', Name);
    } finally {
      await this.engine.docker.getService(probe.id).remove();
    }
  }

  /** The command line as an operator uses it. @returns Its standard output. */
  async docker(...args: string[]): Promise<string> {
    return (await run('docker', args, { maxBuffer: 16 * 1024 * 1024 })).stdout;
  }

  /** Takes the stack away as an operator would, and waits until no task of it is left. */
  async remove(): Promise<void> {
    await this.docker('stack', 'rm', this.name);
    await until('all tasks to be gone', async () => (await this.#tasks()).length === 0, undefined, STACK_MS);
  }

  /** What is left of the stack's services and networks. */
  async leftovers(): Promise<readonly string[]> {
    const networks = await this.engine.docker.listNetworks({ filters: { name: [this.name] } });
    const own = await this.engine.serviceNames(`dev.tributary.platform=${this.name}`);
    const services = (await this.services()).map(({ Spec }) => Spec.Name);
    return [...new Set([...own, ...services, ...networks.map(({ Name }) => Name)])];
  }

  close(): Promise<void> {
    return this.#scope.close();
  }

  async #deploy(allowedNetworks: string): Promise<void> {
    const { docker } = this.engine;
    const manager = await this.engine.ownNodeId();
    const folder = await mkdtemp(join(tmpdir(), 'tributary-stack-'));
    this.#scope.defer(() => rm(folder, { recursive: true, force: true }));
    const keysFile = join(folder, 'keys.json');
    this.#key = await addKey(keysFile, { name: 'stack', role: 'ADMIN' });
    await this.#secret('token', Buffer.from(`${randomId()}${randomId()}`));
    await this.#secret('keys', await readFile(keysFile));
    for (const volume of ['mongo', 'redis', 'consul']) {
      this.#scope.defer(() => this.#removeVolume(this.serviceName(volume)));
    }
    this.#scope.defer(() => this.#cleanUp());
    const here = `node.id == ${manager}`;
    const variables = {
      TRIBUTARY_IMAGE: IMAGE,
      TRIBUTARY_BROWSER_IMAGE: IMAGE,
      SERVICE_TOKEN_SECRET: `${this.name}-token`,
      API_KEYS_SECRET: `${this.name}-keys`,
      GATEWAY_PORT: String(this.#port),
      SCRAPER_ALLOW_NETWORKS: allowedNetworks,
      // The manager's own socket, which has another place where a machine runs several engines.
      DOCKER_SOCKET: socketOf(process.env.DOCKER_HOST),
      MONGO_NODE: here,
      REDIS_NODE: here,
      CONSUL_NODE: here,
    };
    const files = ['stack.yml', 'stack.dev.yml'].flatMap((file) => ['-c', join(packageRoot, 'deploy', file)]);
    await run('docker', ['stack', 'deploy', '--detach', '--resolve-image', 'never', ...files, this.name], {
      env: { ...process.env, ...variables },
    });
    await this.#running();
    const { ID } = await docker.getService(this.serviceName('gateway')).inspect();
    const gateway = (await this.#tasks()).find(
      ({ ServiceID, DesiredState }) => ServiceID === ID && DesiredState === 'running',
    );
    const node = await docker.getNode(String(gateway?.NodeID)).inspect();
    this.#address = node.Status.Addr;
  }

  async #secret(name: string, data: Buffer): Promise<void> {
    const Name = `${this.name}-${name}`;
    await this.engine.docker.createSecret({ Name, Data: data.toString('base64') });
    this.#scope.defer(() => ignoringAbsence(this.engine.docker.getSecret(Name).remove()));
  }

  /** Waits until every service has its tasks, the workers' among them. */
  async #running(): Promise<void> {
    let missing: readonly StackService[] = [];
    try {
      await until(
        'the whole stack to run',
        async () => {
          const [services, tasks] = await Promise.all([this.services(), this.#tasks()]);
          missing = services.filter(({ ID, Spec }) => {
            const own = tasks.filter(
              ({ ServiceID, Status }) => ServiceID === ID && Status.State === 'running',
            );
            return own.length < (Spec.Mode.Replicated?.Replicas ?? 1);
          });
          const hasWorkers = services.some(({ Spec }) => Spec.Name.startsWith(`${this.name}-worker-`));
          return missing.length === 0 && hasWorkers;
        },
        () => missing.map(({ Spec }) => Spec.Name),
        STACK_MS,
      );
    } catch (error) {
      throw new Error(`${error}\n${await this.#diagnosis(missing)}`);
    }
  }

  async #diagnosis(services: readonly StackService[]): Promise<string> {
    const parts = services.map(async ({ Spec: { Name } }) => {
      const tasks = await this.docker('service', 'ps', '--no-trunc', Name).catch(String);
      const logs = await this.docker('service', 'logs', '--raw', '--tail', LOG_LINES, Name).catch(String);
      return `${Name}\n${tasks}${logs}`;
    });
    return (await Promise.all(parts)).join('\n');
  }

  async #tasks(): Promise<readonly StackTask[]> {
    const all = (await this.engine.docker.listTasks({
      filters: { label: [`com.docker.stack.namespace=${this.name}`] },
    })) as StackTask[];
    return all;
  }

  async #cleanUp(): Promise<void> {
    if ((await this.leftovers()).length === 0) return;
    await this.remove();
  }

  /** They hold data, so that removing the stack leaves them; and are in use until the last container is gone. */
  async #removeVolume(name: string): Promise<void> {
    await until(
      `volume ${name} to be gone`,
      async () => {
        const { Volumes } = await this.engine.docker.listVolumes({ filters: { name: [name] } });
        if (Volumes.length === 0) return true;
        await this.engine.docker
          .getVolume(name)
          .remove()
          .catch(() => {});
        return false;
      },
      undefined,
      STACK_MS,
    );
  }
}

/** Where the engine listens on its machine; the usual place where we do not speak to it there. */
function socketOf(dockerHost = ''): string {
  return dockerHost.startsWith('unix://') ? dockerHost.slice('unix://'.length) : '/var/run/docker.sock';
}
