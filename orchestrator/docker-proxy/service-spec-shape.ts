/**
 * What a specification of a service may say. A service is root on a node if it may mount the node's files or run with
 * its capabilities, and reads any secret of the cluster that it names: so here is all that a worker needs, and a field
 * that is not here is refused. Fields which the engine adds to what it was given, and which say nothing, may
 * come back with an update.
 */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import {
  isWorkerImage,
  LABEL_PREFIX,
  PLATFORM_LABEL,
  serviceNamePrefix,
  type WorkerPolicy,
} from './policy.ts';

/** Whole numbers without a sign, that JSON's readers agree on: replicas, bytes, nanoseconds. */
const count = z.int().min(0);
/** Texts that are not held against anything: as long as a reason to have them. */
const text = z.string().max(1_000);
/** What says nothing, as the engine writes it. */
const nothing = z.null().optional();
const none = z.union([z.null(), z.tuple([])]).optional();

/** All settings there are fit many times; the body's size bounds them anyway. */
const ENVIRONMENT_MAX = 200;
/** The label by which `docker stack` finds what belongs to a stack. */
const STACK_LABEL = 'com.docker.stack.namespace';
/** The only places that a worker writes to, in memory. */
const WRITABLE = ['/tmp', '/dev/shm'] as const;

/** As the engine writes down what was asked for by name: which network it is the engine must say. */
const NETWORK_ID = /^[a-z0-9]{25}$/;
export const NETWORK_REFUSED = 'is none of WORKER_NETWORKS';

/** Of others than ours a label may mean something to others: a router would publish the service. */
const labelShape = (policy: WorkerPolicy) =>
  z
    .record(
      z
        .string()
        .refine((name) => name.startsWith(LABEL_PREFIX) || name === STACK_LABEL, 'is no label of a worker'),
      text,
    )
    .refine(
      (labels) => labels[PLATFORM_LABEL] === policy.platform,
      `must have ${PLATFORM_LABEL} of this platform`,
    );

const rolloutShape = z
  .strictObject({
    Parallelism: count.optional(),
    Delay: count.optional(),
    FailureAction: z.enum(['pause', 'continue', 'rollback']).optional(),
    Monitor: count.optional(),
    MaxFailureRatio: z.number().min(0).max(1).optional(),
    Order: z.enum(['start-first', 'stop-first']).optional(),
  })
  .optional();

const resourcesShape = z
  .strictObject({
    Limits: z
      .strictObject({ NanoCPUs: count.optional(), MemoryBytes: count.optional(), Pids: count.optional() })
      .optional(),
    Reservations: z.strictObject({ NanoCPUs: count.optional(), MemoryBytes: count.optional() }).optional(),
  })
  .optional();

/** Memory alone: no path of a node, no volume, no device. */
const mountShape = z.strictObject({
  Type: z.literal('tmpfs'),
  Source: z.literal('').optional(),
  Target: z.enum(WRITABLE),
  TmpfsOptions: z.strictObject({ SizeBytes: count.optional(), Mode: count.optional() }).optional(),
});

/** The engine itself refuses a secret whose name and id do not belong together, so the name is enough. */
const secretShape = ({ secrets }: WorkerPolicy) =>
  z
    .strictObject({
      SecretID: text,
      SecretName: text,
      File: z.strictObject({ Name: text, UID: text, GID: text, Mode: count }),
    })
    .refine(
      ({ SecretName, File }) => secrets.get(File.Name) === SecretName,
      'is none of WORKER_SECRETS under the name of its setting',
    );

/** `NAME=value`, of which a refusal never says the value. */
const environmentShape = ({ settings }: WorkerPolicy) =>
  z
    .array(
      z.string().superRefine((variable, context) => {
        const name = variable.slice(0, Math.max(0, variable.indexOf('=')));
        if (settings.has(name.replace(/_FILE$/, '')) || settings.has(name)) return;
        context.addIssue({ code: 'custom', message: `${JSON.stringify(name)} is no setting of a worker` });
      }),
    )
    .max(ENVIRONMENT_MAX)
    .optional();

const containerShape = (policy: WorkerPolicy) =>
  z.strictObject({
    Image: z
      .string()
      .refine((image) => isWorkerImage(image, policy), 'is neither WORKER_IMAGE nor BROWSER_WORKER_IMAGE'),
    Labels: labelShape(policy),
    Args: z
      .array(z.string())
      .refine((args) => isDeepStrictEqual(args, policy.args), `must be ${policy.args.join(' ')}`),
    // One that a worker chose itself could be another's.
    Hostname: z.literal('{{.Node.Hostname}}').optional(),
    Env: environmentShape(policy),
    Init: z.boolean().optional(),
    ReadOnly: z.literal(true),
    Privileges: z.strictObject({
      NoNewPrivileges: z.literal(true),
      CredentialSpec: nothing,
      SELinuxContext: nothing,
    }),
    CapabilityDrop: z.tuple([z.literal('ALL')]),
    Mounts: z.array(mountShape).max(WRITABLE.length).optional(),
    Secrets: z.array(secretShape(policy)).max(policy.secrets.size).optional(),
    StopGracePeriod: count.optional(),
    StopSignal: z.literal('SIGTERM').optional(),
    Isolation: z.literal('default').optional(),
    DNSConfig: z.strictObject({}).optional(),
    CapabilityAdd: none,
    Configs: none,
  });

const taskShape = (policy: WorkerPolicy) =>
  z.strictObject({
    ContainerSpec: containerShape(policy),
    Resources: resourcesShape,
    RestartPolicy: z
      .strictObject({
        Condition: z.enum(['any', 'on-failure', 'none']).optional(),
        Delay: count.optional(),
        MaxAttempts: count.optional(),
        Window: count.optional(),
      })
      .optional(),
    Placement: z
      .strictObject({
        Constraints: z.array(text).max(50).optional(),
        Preferences: z
          .array(z.strictObject({ Spread: z.strictObject({ SpreadDescriptor: text }) }))
          .max(10)
          .optional(),
      })
      .optional(),
    // Without aliases: a worker could take the name of a service that others on the network talk to.
    Networks: z
      .array(
        z.strictObject({
          Target: z
            .string()
            .refine((target) => policy.networks.has(target) || NETWORK_ID.test(target), NETWORK_REFUSED),
        }),
      )
      // Each that is an id is asked for.
      .max(policy.networks.size)
      .optional(),
    LogDriver: z
      .strictObject({
        Name: z.literal('json-file'),
        Options: z.strictObject({ 'max-size': text.optional(), 'max-file': text.optional() }).optional(),
      })
      .optional(),
    ForceUpdate: count.optional(),
    Runtime: z.literal('container').optional(),
  });

/** The shape of a worker's service: what it lets through has nothing that it does not name. */
export function serviceSpecShape(policy: WorkerPolicy) {
  const prefix = serviceNamePrefix(policy);
  return z.strictObject({
    Name: z
      .string()
      .refine(
        (name) => name.startsWith(prefix) && /^[\w-]+$/.test(name.slice(prefix.length)),
        `must begin with ${prefix}`,
      ),
    Labels: labelShape(policy),
    TaskTemplate: taskShape(policy),
    Mode: z.strictObject({
      Replicated: z.strictObject({
        Replicas: count.max(policy.replicasMax, `is more than WORKER_REPLICAS_MAX (${policy.replicasMax})`),
      }),
    }),
    UpdateConfig: rolloutShape,
    RollbackConfig: rolloutShape,
    // Workers are called by nobody: no port is published.
    EndpointSpec: z.strictObject({ Mode: z.enum(['dnsrr', 'vip']).optional() }).optional(),
  });
}

/** How much of a wrong specification is told: a name that somebody made up could be of any length. */
const REASON_CHARACTERS_MAX = 300;

/** @returns What is wrong with a specification, without a value of it: where, and what is to be there. */
export function specProblem({ issues }: z.ZodError): string {
  const [first] = issues;
  if (!first) return 'is wrong';
  const where = first.path.join('.');
  return `${where === '' ? 'the service' : where}: ${first.message}`.slice(0, REASON_CHARACTERS_MAX);
}
