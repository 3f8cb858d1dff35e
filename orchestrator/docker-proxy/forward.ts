import type { Engine, EngineAnswer } from './engine.ts';
import { serviceFacts, shownAnswer } from './filters.ts';
import { type Json, objectOf, parsedJson } from './json.ts';
import { isOurs, type WorkerPolicy } from './policy.ts';
import { resizedBody } from './resize.ts';
import {
  type EngineCall,
  inspectionOf,
  networkInspectionOf,
  onService,
  type Refusal,
  refusal,
} from './rules.ts';
import { NETWORK_REFUSED } from './service-spec-shape.ts';

/** What the caller is told. */
export type Told = ({ readonly kind: 'answer' } & EngineAnswer) | Refusal;

const NOT_OURS = 'that is nothing of this platform';

/**
 * Asks the engine what was let through, and leaves out of its answer what is not the caller's business.
 *
 * @throws {UnavailableError} The engine does not answer.
 */
export async function forward(engine: Engine, policy: WorkerPolicy, call: EngineCall): Promise<Told> {
  for (const id of call.networkIds ?? []) {
    if (!(await isWorkerNetwork(engine, policy, id)))
      return refusal(call.name, `a network ${NETWORK_REFUSED}`);
  }
  if (call.name === 'updateService' || call.name === 'removeService') {
    const found = await ourService(engine, policy, call);
    if ('kind' in found) return found;
    const { resize } = call;
    const body = resize ? resizedBody(resize, found.spec, policy.networks) : call.body;
    if (resize && body === undefined) return resize.otherwise;
    return told(await engine.call({ ...onService(call, found.id), ...(body === undefined ? {} : { body }) }));
  }
  const answer = await engine.call(onService(call, call.service ?? ''));
  // An error of the engine names what it was told and no more; a ping's answer is no JSON.
  if (answer.status >= 400 || call.name === 'ping') return told(answer);
  const shown = shownAnswer(call.name, parsedJson(answer.body.toString()), policy);
  if (shown === undefined) return refusal(call.name, NOT_OURS);
  return told({ ...answer, body: Buffer.from(JSON.stringify(shown)) });
}

/**
 * The service that is to be changed, if it is ours. What is changed afterwards is what was looked at: it is addressed by
 * its id, which no other service ever gets; services keep their names; and only who has the engine's own socket could
 * take its label away in between.
 */
async function ourService(
  engine: Engine,
  policy: WorkerPolicy,
  { name, service = '' }: EngineCall,
): Promise<Told | { readonly id: string; readonly spec: Json }> {
  const answer = await engine.call(inspectionOf(service));
  if (answer.status >= 400) return told(answer);
  const found = parsedJson(answer.body.toString());
  const facts = serviceFacts(found);
  if (!facts || !isOurs(facts, policy)) return refusal(name, NOT_OURS);
  return { id: facts.ID, spec: objectOf(objectOf(found).Spec) };
}

/** Whether that is the id, and not the name, of a network of workers: the engine itself looks for ids first. */
async function isWorkerNetwork(engine: Engine, { networks }: WorkerPolicy, id: string): Promise<boolean> {
  const { status, body } = await engine.call(networkInspectionOf(id));
  const { Id, Name } = objectOf(parsedJson(body.toString()));
  return status < 400 && Id === id && typeof Name === 'string' && networks.has(Name);
}

function told(answer: EngineAnswer): Told {
  return { kind: 'answer', ...answer };
}
