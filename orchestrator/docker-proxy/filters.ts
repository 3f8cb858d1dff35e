/**
 * What is shown of the engine's answers: of this platform's services all, of everything else no more than the
 * orchestrator works with. Specifications of other services hold passwords often enough.
 */
import { type Json, listOf, objectOf, parsedJson, picked } from './json.ts';
import {
  isOurs,
  LABEL_PREFIX,
  PLATFORM_LABEL,
  type ServiceFacts,
  serviceNamePrefix,
  type WorkerPolicy,
} from './policy.ts';
import type { CallName } from './rules.ts';

/** @returns What the caller is shown of an answer that was a success. */
export function shownAnswer(name: CallName, answer: unknown, policy: WorkerPolicy): unknown {
  switch (name) {
    case 'services':
      return listOf(answer)
        .map((service) => shownService(service, policy))
        .filter((service) => service !== undefined);
    case 'service':
      return shownService(objectOf(answer), policy);
    case 'tasks':
      return listOf(answer)
        .filter((task) => isOurTask(task, policy))
        .map(shownTask);
    case 'nodes':
      return listOf(answer).map(shownNode);
    case 'secrets':
      return shownSecrets(listOf(answer), policy);
    case 'networks':
      return listOf(answer)
        .filter((network) => isKnownNetwork(network, policy))
        .map(shownNetwork);
    case 'network':
      return isKnownNetwork(objectOf(answer), policy) ? shownNetwork(objectOf(answer)) : undefined;
    case 'info':
      return shownInfo(objectOf(answer));
    case 'image':
      return { Descriptor: objectOf(objectOf(answer).Descriptor), Platforms: objectOf(answer).Platforms };
    default:
      return answer;
  }
}

/** @returns undefined where it is not the caller's business. */
function shownService(service: Json, policy: WorkerPolicy): Json | undefined {
  const facts = serviceFacts(service);
  if (!facts) return undefined;
  if (isOurs(facts, policy)) return service;
  const { Name, Labels } = facts.Spec;
  // Somebody else has a name that we would need: that much must be known, and that it is not ours.
  if (!Name.startsWith(serviceNamePrefix(policy))) return undefined;
  const labels = Object.entries(Labels ?? {}).filter(([label]) => label.startsWith(LABEL_PREFIX));
  return {
    ...picked(service, ['ID', 'Version', 'CreatedAt', 'UpdatedAt']),
    Spec: { Name, Labels: Object.fromEntries(labels), Mode: objectOf(service.Spec).Mode, TaskTemplate: {} },
  };
}

/** @returns undefined for what is no service at all. */
export function serviceFacts(service: unknown): ServiceFacts | undefined {
  const { ID, Spec } = objectOf(service);
  const { Name, Labels } = objectOf(Spec);
  if (typeof ID !== 'string' || typeof Name !== 'string') return undefined;
  return { ID, Spec: { Name, Labels: objectOf(Labels) as Record<string, string> } };
}

/** @param line One event, as JSON. @returns What is shown of it, or undefined where it is nothing to the caller. */
export function shownEvent(line: string, policy: WorkerPolicy): string | undefined {
  const event = objectOf(parsedJson(line));
  const { ID: id, Attributes } = objectOf(event.Actor);
  const attributes = shownAttributes(event.Type, objectOf(Attributes), policy);
  if (!attributes) return undefined;
  // What was run in a container stands behind the action's name.
  const action = String(event.Action).split(':', 1)[0];
  const about = picked(event, ['Type', 'scope', 'time', 'timeNano']);
  return JSON.stringify({ ...about, Action: action, Actor: { ID: id, Attributes: attributes } });
}

/** A container's event shows all its labels, and those of its image. */
function shownAttributes(type: unknown, attributes: Json, policy: WorkerPolicy): Json | undefined {
  const { name } = attributes;
  if (type === 'node') return { name };
  if (type === 'service')
    return typeof name === 'string' && name.startsWith(serviceNamePrefix(policy)) ? { name } : undefined;
  const isOurContainer = type === 'container' && attributes[PLATFORM_LABEL] === policy.platform;
  return isOurContainer ? picked(attributes, [PLATFORM_LABEL, 'name']) : undefined;
}

/** By its container's label, which is the service's: a task does not show the labels of its service. */
function isOurTask({ Spec }: Json, policy: WorkerPolicy): boolean {
  const { Labels } = objectOf(objectOf(Spec).ContainerSpec);
  return objectOf(Labels)[PLATFORM_LABEL] === policy.platform;
}

function shownTask(task: Json): Json {
  const status = objectOf(task.Status);
  return {
    ...picked(task, [
      'ID',
      'Version',
      'CreatedAt',
      'UpdatedAt',
      'ServiceID',
      'Slot',
      'NodeID',
      'DesiredState',
    ]),
    Status: {
      ...picked(status, ['Timestamp', 'State', 'Message', 'Err']),
      ContainerStatus: picked(objectOf(status.ContainerStatus), ['ContainerID', 'ExitCode']),
    },
  };
}

function shownNode(node: Json): Json {
  const description = objectOf(node.Description);
  return {
    ...picked(node, ['ID', 'Version', 'CreatedAt', 'UpdatedAt']),
    Spec: picked(objectOf(node.Spec), ['Role', 'Availability']),
    Description: picked(description, ['Hostname', 'Platform', 'Resources']),
    Status: picked(objectOf(node.Status), ['State', 'Message']),
  };
}

function shownSecrets(secrets: readonly Json[], { secrets: known }: WorkerPolicy): readonly Json[] {
  const names = new Set(known.values());
  return secrets.flatMap(({ ID, Spec }) => {
    const { Name } = objectOf(Spec);
    return typeof Name === 'string' && names.has(Name) ? [{ ID, Spec: { Name } }] : [];
  });
}

function isKnownNetwork({ Name }: Json, { networks }: WorkerPolicy): boolean {
  return typeof Name === 'string' && networks.has(Name);
}

function shownNetwork(network: Json): Json {
  return picked(network, ['Id', 'Name', 'Scope', 'Driver', 'Attachable', 'Internal']);
}

function shownInfo(info: Json): Json {
  const swarm = objectOf(info.Swarm);
  return {
    ...picked(info, ['ID', 'Name', 'ServerVersion', 'OSType', 'Architecture']),
    Swarm: picked(swarm, [
      'NodeID',
      'NodeAddr',
      'LocalNodeState',
      'ControlAvailable',
      'Error',
      'Nodes',
      'Managers',
    ]),
  };
}
