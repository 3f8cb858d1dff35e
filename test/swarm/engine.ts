import type { NetConnectOpts } from 'node:net';
import { networkInterfaces } from 'node:os';
import Docker from 'dockerode';
import { until } from '../e2e/app.ts';

const { DOCKER_HOST } = process.env;

/** Containers take as long as their grace period to go, and engines some time to notice, in milliseconds. */
const GONE_MS = 90_000;

/** What the stories look at of a task. */
export interface SwarmTask {
  readonly ID: string;
  readonly NodeID?: string;
  readonly ServiceID: string;
  readonly CreatedAt: string;
  readonly DesiredState: string;
  readonly Status: { readonly State: string; readonly ContainerStatus?: { readonly ContainerID?: string } };
  readonly Spec: { readonly ContainerSpec: { readonly Image: string } };
}

export interface SwarmNode {
  readonly ID: string;
  readonly Description: { readonly Hostname: string };
  readonly Status: { readonly State: string };
  readonly Spec: { readonly Availability: string; readonly Role: string };
  readonly Version: { readonly Index: number };
}

/** Where the manager of DOCKER_HOST takes connections: behind what stands before it when the stories cut it off. */
export function managerTarget(): NetConnectOpts {
  const { protocol, hostname, port, pathname } = new URL(String(DOCKER_HOST));
  if (protocol === 'unix:') return { path: pathname };
  if (process.env.DOCKER_TLS_VERIFY)
    throw new Error('These tests speak to a manager without TLS, or by its socket.');
  return { host: hostname, port: Number(port || 2375) };
}

/** The swarm as the stories see it, past what stands between it and the orchestrator. */
export class Engine {
  readonly docker: Docker;

  constructor() {
    const target = managerTarget();
    this.docker =
      'path' in target
        ? new Docker({ socketPath: target.path })
        : new Docker({ protocol: 'http', host: String(target.host), port: target.port });
  }

  /** An address of this machine that containers on all nodes reach. */
  async machineAddress(): Promise<string> {
    const { Swarm } = (await this.docker.info()) as { Swarm: { NodeAddr: string } };
    const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    const ipv4 = own.filter(({ family, internal }) => family === 'IPv4' && !internal);
    const address =
      ipv4.find((one) => one.address === Swarm.NodeAddr) ??
      ipv4.find(({ cidr }) => cidr !== null && isWithin(Swarm.NodeAddr, cidr)) ??
      // A swarm of this machine alone may advertise an address that nobody else has.
      (Swarm.NodeAddr.startsWith('127.') ? ipv4[0] : undefined);
    if (!address) throw new Error(`This machine has no address in the network of ${Swarm.NodeAddr}.`);
    return address.address;
  }

  async nodes(): Promise<readonly SwarmNode[]> {
    return (await this.docker.listNodes()) as SwarmNode[];
  }

  async hostnameOf(nodeId: string | undefined): Promise<string> {
    const node = (await this.nodes()).find(({ ID }) => ID === nodeId);
    return node?.Description.Hostname ?? '';
  }

  /** Names of services that carry a label, `key=value`. */
  async serviceNames(label: string): Promise<readonly string[]> {
    const services = await this.docker.listServices({ filters: { label: [label] } });
    return services.map(({ Spec }) => String(Spec?.Name)).sort();
  }

  /** All that the swarm remembers of a service's tasks, newest first. */
  async tasks(service: string): Promise<readonly SwarmTask[]> {
    const tasks = (await this.docker.listTasks({
      filters: JSON.stringify({ service: [service] }),
    })) as SwarmTask[];
    return tasks.sort((a, b) => (a.CreatedAt < b.CreatedAt ? 1 : -1));
  }

  /** Lines that a service's tasks have printed, on nodes that answer. */
  async logLines(service: string): Promise<readonly string[]> {
    const printed = await this.docker.getService(service).logs({ stdout: true, stderr: true });
    return String(printed).split('\n');
  }

  /** Kills a task's container as an operator on the manager's own node could. */
  async kill({ Status }: SwarmTask): Promise<void> {
    await this.docker.getContainer(String(Status.ContainerStatus?.ContainerID)).kill();
  }

  /** The manager that answers is a node itself. */
  async ownNodeId(): Promise<string> {
    return ((await this.docker.info()) as { Swarm: { NodeID: string } }).Swarm.NodeID;
  }

  async setAvailability(nodeId: string, Availability: 'active' | 'drain'): Promise<void> {
    const { Spec, Version } = (await this.docker.getNode(nodeId).inspect()) as SwarmNode;
    await this.docker.getNode(nodeId).update({ version: Version.Index, ...Spec, Availability });
  }

  /** Removes services with the label and waits until their containers are gone. */
  async removeServices(label: string): Promise<void> {
    for (const name of await this.serviceNames(label)) {
      await ignoringAbsence(this.docker.getService(name).remove());
    }
  }

  /** A network goes only once no task of it is left. */
  async removeNetwork(name: string): Promise<void> {
    await until(
      `network ${name} to be gone`,
      async () => {
        await this.docker
          .getNetwork(name)
          .remove()
          .catch(() => {});
        const left = await this.docker.listNetworks({ filters: { name: [name] } });
        return left.length === 0;
      },
      undefined,
      GONE_MS,
    );
  }
}

export async function ignoringAbsence(call: Promise<unknown>): Promise<void> {
  await call.catch((error: unknown) => {
    if ((error as { statusCode?: number }).statusCode !== 404) throw error;
  });
}

/** Whether an IPv4 address is within `192.0.2.0/24`. */
function isWithin(address: string, cidr: string): boolean {
  const [base = '', bits] = cidr.split('/');
  const shift = 32 - Number(bits);
  return number(address) >> shift === number(base) >> shift;
}

/** Signed as bits are: only compared. */
function number(address: string): number {
  return address.split('.').reduce((all, part) => (all << 8) | Number(part), 0);
}
