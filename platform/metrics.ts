import {
  Counter,
  type CounterConfiguration,
  collectDefaultMetrics,
  Gauge,
  type GaugeConfiguration,
  Histogram,
  type HistogramConfiguration,
  Registry,
} from 'prom-client';
import type { Closeable } from './scope.ts';

/** Of durations, in seconds: from what is answered from memory to what is about to be given up. */
const DURATION_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Of counts: from one to a hundred thousand. */
export const COUNT_BUCKETS = [0, 1, 2, 5, 10, 50, 100, 500, 1_000, 10_000, 100_000];

type Labels<L extends string> = Partial<Record<L, string>>;

/**
 * A gauge that is asked for its value when it is shown: nothing is counted meanwhile. Shows the sum of what all say
 * who have some of it.
 */
export interface Reading<L extends string = never> {
  /** @param read What cannot be told just now, because it throws, is left out. @returns Closed where it is no more. */
  from(read: () => number | Promise<number>, labels?: Labels<L>): Closeable;
}

/**
 * What a process counts of itself, for `/metrics`. Asking twice for a name gives the same instrument, so that
 * services within one process may share it.
 *
 * @see https://prometheus.io/docs/practices/naming/
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #readings = new Map<string, Reading<string>>();

  readonly contentType = this.#registry.contentType;

  counter<L extends string>(configuration: Omit<CounterConfiguration<L>, 'registers'>): Counter<L> {
    return (
      this.#known<Counter<L>>(configuration.name) ??
      new Counter({ ...configuration, registers: [this.#registry] })
    );
  }

  gauge<L extends string>(configuration: Omit<GaugeConfiguration<L>, 'registers'>): Gauge<L> {
    return (
      this.#known<Gauge<L>>(configuration.name) ??
      new Gauge({ ...configuration, registers: [this.#registry] })
    );
  }

  /** @param configuration.buckets @default DURATION_BUCKETS */
  histogram<L extends string>(configuration: Omit<HistogramConfiguration<L>, 'registers'>): Histogram<L> {
    const whole = { buckets: DURATION_BUCKETS, ...configuration, registers: [this.#registry] };
    return this.#known<Histogram<L>>(configuration.name) ?? new Histogram(whole);
  }

  reading<L extends string = never>(
    configuration: Omit<GaugeConfiguration<L>, 'registers' | 'collect'>,
  ): Reading<L> {
    const known = this.#readings.get(configuration.name);
    if (known) return known as Reading<L>;
    const readers = new Set<{ read: () => number | Promise<number>; labels: Labels<L> }>();
    const gauge = new Gauge<L>({
      ...configuration,
      registers: [this.#registry],
      async collect() {
        const told = await Promise.allSettled(
          [...readers].map(async ({ read, labels }) => ({ labels, value: await read() })),
        );
        // Not before all is told: two who ask at once must not both add to what is shown.
        gauge.reset();
        for (const one of told) if (one.status === 'fulfilled') gauge.inc(one.value.labels, one.value.value);
      },
    });
    const reading: Reading<L> = {
      from(read, labels = {}) {
        const reader = { read, labels };
        readers.add(reader);
        return { close: () => void readers.delete(reader) };
      },
    };
    this.#readings.set(configuration.name, reading as Reading<string>);
    return reading;
  }

  /** Counts what a bound refused, cut off or repeated: which one, by the name of its setting or constant. */
  get limits(): Counter<'limit'> {
    return this.counter({
      name: 'tributary_limit_hits_total',
      help: 'How often a bound refused, cut off or repeated something, by the name of its setting',
      labelNames: ['limit'],
    });
  }

  /** Adds what Node tells of the process: memory, event loop, garbage collection. Once for each process. */
  addProcess(): void {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** All of them, in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #known<T>(name: string): T | undefined {
    return this.#registry.getSingleMetric(name) as T | undefined;
  }
}
