/**
 * What the engine answers, as far as it is read here: the driver leaves most of it without types. All times are
 * RFC 3339 with nanoseconds.
 *
 * @see https://docs.docker.com/reference/api/engine/version/v1.44/
 */
import type { ServiceSpec } from 'dockerode';

export interface EngineService {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  readonly CreatedAt: string;
  readonly Spec: ServiceSpec;
  readonly UpdateStatus?: EngineUpdateStatus;
}

export interface EngineUpdateStatus {
  /** Absent, or empty, where nothing was ever updated. */
  readonly State?: string;
  readonly StartedAt?: string;
  readonly Message?: string;
}

export interface EngineTask {
  readonly ID: string;
  readonly ServiceID: string;
  /** The place in the service that the task is one life of. */
  readonly Slot?: number;
  /** Empty where it has none yet. */
  readonly NodeID?: string;
  readonly CreatedAt: string;
  readonly DesiredState: string;
  readonly Status: {
    readonly Timestamp: string;
    readonly State: string;
    readonly Err?: string;
    readonly ContainerStatus?: { readonly ExitCode?: number };
  };
}

export interface EngineNode {
  readonly ID: string;
  readonly Spec: { readonly Role: string; readonly Availability: string };
  readonly Description: {
    readonly Hostname: string;
    readonly Resources: { readonly NanoCPUs?: number; readonly MemoryBytes?: number };
  };
  readonly Status: { readonly State: string };
}

export interface EngineEvent {
  readonly Type?: string;
  readonly Actor?: { readonly Attributes?: Readonly<Record<string, string>> };
}
