/**
 * Which calls of the engine's API are let through, decided from the request alone. Of what is let through nothing is
 * the caller's own text: path, query and body are written anew from what was understood, so that the engine cannot
 * understand them in another way.
 */

import { objectOf, parsedJson } from './json.ts';
import { isWorkerImage, type WorkerPolicy } from './policy.ts';
import type { Resize } from './resize.ts';
import { serviceSpecShape, specProblem } from './service-spec-shape.ts';

export type CallName = keyof typeof CALLS;

export interface ProxyRequest {
  readonly method: string;
  /** Path and query, as they came. */
  readonly url: string;
  readonly body: Buffer | undefined;
}

/** A call as the engine is to be asked. */
export interface EngineCall {
  readonly kind: 'call';
  readonly name: CallName;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Begins with the version; without the query. In the place of the service's id or name it has `SERVICE`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** JSON. */
  readonly body?: string;
  /** Ids of networks that the body names: each must be one of the workers', which the rules cannot know. */
  readonly networkIds?: readonly string[];
  /** The service that it is about: its id or name. One that there is must be ours, which the rules cannot know. */
  readonly service?: string;
  /** In the place of a body: which one it is depends on what the service is, which the rules cannot know. */
  readonly resize?: Resize;
}

export interface Refusal {
  readonly kind: 'refusal';
  readonly name: CallName | 'unknown';
  readonly status: 400 | 403;
  /** For people, and the same for what was refused for the same reason; never a value of an environment. */
  readonly reason: string;
}

/**
 * The version in which the engine is asked, whatever the caller writes. To callers of older ones the engine leaves out
 * of a service what those did not know: `NoNewPrivileges` before 1.44, `CapabilityDrop` before 1.41. It would
 * take a specification that was found good and run another.
 */
const API_VERSION = 'v1.44';

/** Stands in a path for the service that is meant. */
const SERVICE = ':service';

const ID = '([A-Za-z0-9][A-Za-z0-9_.-]{0,127})';

/** All there is. Each says which parts of the query it takes. */
const CALLS = {
  ping: call('GET', '/_ping'),
  version: call('GET', '/version'),
  info: call('GET', '/info'),
  nodes: call('GET', '/nodes', ['filters']),
  services: call('GET', '/services', ['filters', 'status']),
  service: call('GET', `/services/${ID}`, ['insertDefaults']),
  createService: call('POST', '/services/create'),
  updateService: call('POST', `/services/${ID}/update`, ['version']),
  removeService: call('DELETE', `/services/${ID}`),
  tasks: call('GET', '/tasks', ['filters']),
  secrets: call('GET', '/secrets', ['filters']),
  networks: call('GET', '/networks', ['filters']),
  network: call('GET', `/networks/${ID}`),
  events: call('GET', '/events', ['filters', 'since', 'until']),
  image: call('GET', '/distribution/(.{1,500})/json'),
} as const;

interface CallRule {
  readonly method: EngineCall['method'];
  readonly path: RegExp;
  readonly query: readonly string[];
}

function call(method: EngineCall['method'], path: string, query: readonly string[] = []): CallRule {
  return { method, path: new RegExp(`^(?:/v1\\.\\d{1,3})?${path}$`), query };
}

/** Whether the engine answers. */
export const PING = engineCall('ping', '/_ping', new URLSearchParams());

/** @returns Decides on each request what becomes of it. */
export function createRules(policy: WorkerPolicy): (request: ProxyRequest) => EngineCall | Refusal {
  const specShape = serviceSpecShape(policy);
  return ({ method, url, body }) => {
    const [path = '', search = ''] = splitAt(url, '?');
    const matched = matchOf(method, path);
    if (!matched) return refusal('unknown', `${shown(method)} ${shown(path)} is no call of the orchestrator`);
    const { name, argument } = matched;
    const query = new URLSearchParams(search);
    const stray = strayParameter(query, CALLS[name].query);
    if (stray !== undefined)
      return refusal(name, `${shown(stray)} is no parameter of this call, or is there twice`);
    switch (name) {
      case 'createService':
        return withSpec(name, policy, specShape, body, (spec) =>
          engineCall(name, '/services/create', query, spec),
        );
      case 'updateService':
        if (!VERSION.test(query.get('version') ?? '')) return refusal(name, 'version must be a number', 400);
        return orResized(
          withSpec(name, policy, specShape, body, (spec) =>
            engineCall(name, `/services/${SERVICE}/update`, query, { ...spec, service: argument }),
          ),
          specShape,
          body,
          (resize) => engineCall(name, `/services/${SERVICE}/update`, query, { resize, service: argument }),
        );
      case 'service':
      case 'removeService':
        return engineCall(name, `/services/${SERVICE}`, query, { service: argument });
      case 'network':
        return networkInspectionOf(argument);
      case 'image':
        return imageCall(argument, policy);
      case 'events':
        return eventsCall(query);
      case 'ping':
        return engineCall(name, '/_ping', query);
      default:
        return engineCall(name, `/${name}`, query);
    }
  };
}

function matchOf(method: string, path: string): { name: CallName; argument: string } | undefined {
  for (const name of Object.keys(CALLS) as CallName[]) {
    const rule = CALLS[name];
    // Some ping without wanting to read the answer.
    if (rule.method !== method && !(name === 'ping' && method === 'HEAD')) continue;
    const match = rule.path.exec(path);
    if (match) return { name, argument: match[1] ?? '' };
  }
  return undefined;
}

function engineCall(
  name: CallName,
  path: string,
  query: URLSearchParams,
  more: Pick<EngineCall, 'body' | 'networkIds' | 'service' | 'resize'> = {},
): EngineCall {
  return { kind: 'call', name, method: CALLS[name].method, path: `/${API_VERSION}${path}`, query, ...more };
}

/** How the engine is asked what the service is that a call is about. */
export function inspectionOf(service: string): EngineCall {
  return engineCall('service', `/services/${service}`, new URLSearchParams());
}

/** How the engine is asked which network that is. */
export function networkInspectionOf(id: string): EngineCall {
  return engineCall('network', `/networks/${id}`, new URLSearchParams());
}

/** The call with the service's id in its path. */
export function onService(call: EngineCall, id: string): EngineCall {
  return { ...call, path: call.path.replace(SERVICE, () => id) };
}

export function refusal(name: Refusal['name'], reason: string, status: Refusal['status'] = 403): Refusal {
  return { kind: 'refusal', name, status, reason: `Refused by docker-proxy: ${reason}.` };
}

function withSpec(
  name: CallName,
  policy: WorkerPolicy,
  shape: ReturnType<typeof serviceSpecShape>,
  body: Buffer | undefined,
  then: (spec: Pick<EngineCall, 'body' | 'networkIds' | 'service'>) => EngineCall,
): EngineCall | Refusal {
  const given = parsedJson(body?.toString('utf8') ?? '');
  if (given === undefined) return refusal(name, 'the body is no JSON', 400);
  const spec = shape.safeParse(given);
  if (!spec.success) return refusal(name, specProblem(spec.error));
  const targets = (spec.data.TaskTemplate.Networks ?? []).map(({ Target }) => Target);
  const networkIds = targets.filter((target) => !policy.networks.has(target));
  // What was understood, and not what came: the engine takes `mounts` for `Mounts`, and of two the last.
  return then({ body: JSON.stringify(spec.data), networkIds, service: spec.data.Name });
}

/** What was refused may still be a change of the number alone. */
function orResized(
  decision: EngineCall | Refusal,
  shape: ReturnType<typeof serviceSpecShape>,
  body: Buffer | undefined,
  then: (resize: Resize) => EngineCall,
): EngineCall | Refusal {
  if (decision.kind === 'call') return decision;
  const given = objectOf(parsedJson(body?.toString('utf8') ?? ''));
  const mode = shape.shape.Mode.safeParse(given.Mode);
  if (!mode.success) return decision;
  return then({ given, replicas: mode.data.Replicated.Replicas, otherwise: decision });
}

/** What an image's tag stands for, asked of its registry: of no other than the workers' images. */
function imageCall(argument: string, policy: WorkerPolicy): EngineCall | Refusal {
  const image = decoded(argument);
  return image !== undefined && isWorkerImage(image, policy)
    ? engineCall('image', `/distribution/${image}/json`, new URLSearchParams())
    : refusal('image', `${shown(argument)} is no image of a worker`);
}

/** Of events only the kinds that tell of workers, whatever more was asked for. */
function eventsCall(query: URLSearchParams): EngineCall | Refusal {
  const filters = filtersOf(query.get('filters'));
  if (!filters) return refusal('events', 'filters must be JSON', 400);
  const wanted = EVENT_TYPES.filter(
    (type) => filters.type === undefined || valuesOf(filters.type).includes(type),
  );
  if (wanted.length === 0) return refusal('events', 'only those of services, nodes and containers are told');
  const narrowed = new URLSearchParams(query);
  narrowed.set('filters', JSON.stringify({ ...filters, type: wanted }));
  return engineCall('events', '/events', narrowed);
}

const EVENT_TYPES = ['service', 'node', 'container'];
const VERSION = /^\d{1,18}$/;

function filtersOf(text: string | null): Readonly<Record<string, unknown>> | undefined {
  const filters = parsedJson(text || '{}');
  return typeof filters === 'object' && filters !== null && !Array.isArray(filters)
    ? (filters as Readonly<Record<string, unknown>>)
    : undefined;
}

/** The engine takes both `["a"]` and `{"a": true}`. */
function valuesOf(filter: unknown): readonly unknown[] {
  if (Array.isArray(filter)) return filter;
  return typeof filter === 'object' && filter !== null ? Object.keys(filter) : [];
}

function strayParameter(query: URLSearchParams, known: readonly string[]): string | undefined {
  const names = [...query.keys()];
  return names.find((name, at) => !known.includes(name) || names.indexOf(name) !== at);
}

function splitAt(text: string, mark: string): readonly string[] {
  const at = text.indexOf(mark);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** How much is repeated of what a caller wrote. */
const SHOWN_CHARACTERS_MAX = 100;

function shown(text: string): string {
  return text.slice(0, SHOWN_CHARACTERS_MAX);
}
