/** What the workers of one platform may be at the most: all else is refused, whoever asks for it. */
export interface WorkerPolicy {
  /** Value of the label that makes a service ours, and the beginning of its name. */
  readonly platform: string;
  /** As they were told; a digest may be behind them. */
  readonly images: readonly string[];
  /** What their programs are told: which one of the image it is. */
  readonly args: readonly string[];
  /** Names. */
  readonly networks: ReadonlySet<string>;
  /** Names of swarm secrets, by the setting that each is the value of. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Settings that a worker's environment may name, each by itself or as `<NAME>_FILE`. */
  readonly settings: ReadonlySet<string>;
  /** Of one service. */
  readonly replicasMax: number;
}

/** Begins the names of our labels, which say what a service is to us. */
export const LABEL_PREFIX = 'dev.tributary.';
export const PLATFORM_LABEL = `${LABEL_PREFIX}platform`;
/** When it was made or resized. */
export const CHANGED_AT_LABEL = `${LABEL_PREFIX}changed-at`;

/** Begins the names of a platform's services. Services cannot be renamed. */
export function serviceNamePrefix({ platform }: WorkerPolicy): string {
  return `${platform}-worker-`;
}

/** What the engine says of a service, as far as it tells whose it is. */
export interface ServiceFacts {
  readonly ID: string;
  readonly Spec: { readonly Name: string; readonly Labels?: Readonly<Record<string, string>> | null };
}

/** Whether a service is a pool of this platform: by its name, which cannot change, and by its label. */
export function isOurs({ Spec: { Name, Labels } }: ServiceFacts, policy: WorkerPolicy): boolean {
  return Name.startsWith(serviceNamePrefix(policy)) && Labels?.[PLATFORM_LABEL] === policy.platform;
}

/** Whether an image is one of those that were told, or one of them with a digest behind. */
export function isWorkerImage(image: string, { images }: WorkerPolicy): boolean {
  return images.some(
    (told) => image === told || (image.startsWith(`${told}@`) && DIGEST.test(image.slice(told.length + 1))),
  );
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;
