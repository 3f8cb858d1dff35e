import { z } from 'zod';
import { BadUserInputError } from '../../platform/errors.ts';
import { type ObservedCluster, POOL_UPDATE_STATES } from '../../platform/model/cluster.ts';
import { type PreviewReport, RUN_STATUSES } from '../../platform/model/run.ts';
import { ISOLATIONS, RENDERERS } from '../../platform/model/source-spec.ts';

/** What services report as JSON, checked where it comes in: what is stored is shown to apps as it is. */

const count = z.number().int().min(0);

export const quarantinedRecordShape = z.object({
  page: z.string(),
  field: z.string().nullable(),
  reason: z.string(),
  raw: z.record(z.string(), z.string().nullable()).nullable(),
});

export const fieldMissShape = z.object({
  field: z.string(),
  missing: count,
  invalid: count,
  sample: z.string().nullable(),
});

export const runErrorShape = z.object({
  code: z.string(),
  message: z.string(),
  url: z.string().nullable(),
});

const previewReportShape = z.object({
  status: z.enum(RUN_STATUSES),
  pages: count,
  bytes: count,
  records: count,
  quarantined: count,
  quarantinedRecords: z.array(quarantinedRecordShape),
  misses: z.array(fieldMissShape),
  error: runErrorShape.nullable(),
  samples: z.array(z.record(z.string(), z.json())),
});

const observedClusterShape = z.object({
  nodes: z.array(
    z.object({
      hostname: z.string(),
      role: z.string(),
      availability: z.string(),
      state: z.string(),
      resources: z.object({ cpus: z.number(), memory: z.number() }),
    }),
  ),
  pools: z.array(
    z.object({
      name: z.string(),
      isolation: z.enum(ISOLATIONS),
      render: z.enum(RENDERERS),
      replicas: count,
      tasks: z.array(
        z.object({
          id: z.string(),
          node: z.string().nullable(),
          state: z.enum(['PENDING', 'STARTING', 'RUNNING', 'STOPPING', 'FAILED']),
          since: z.iso.datetime(),
          error: z.string().nullable(),
        }),
      ),
      update: z
        .object({
          state: z.enum(POOL_UPDATE_STATES),
          startedAt: z.iso.datetime(),
          message: z.string().nullable(),
        })
        .nullable(),
      problem: z.string().nullable(),
    }),
  ),
  observedAt: z.iso.datetime(),
});

/** @throws {BadUserInputError} Names what is not of the shape. */
export function readShape<T>(shape: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  throw new BadUserInputError(`${what}: ${first?.path.join('.')}: ${first?.message}`);
}

export function readPreviewReport(value: unknown): PreviewReport {
  return readShape<PreviewReport>(previewReportShape, value, 'report');
}

export function readObservedCluster(value: unknown): ObservedCluster {
  return readShape<ObservedCluster>(observedClusterShape, value, 'observed');
}
