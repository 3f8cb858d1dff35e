import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CounterConfiguration, GaugeConfiguration, HistogramConfiguration } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { platformSettings } from '../../deploy/settings.ts';
import { gatewayMetrics } from '../../gateway/metrics.ts';
import { dockerProxyMetrics } from '../../orchestrator/docker-proxy/metrics.ts';
import { orchestratorMetrics } from '../../orchestrator/metrics.ts';
import { subgraphMetrics } from '../../platform/http/subgraph-server.ts';
import { Metrics } from '../../platform/metrics.ts';
import { packageRoot } from '../../platform/sdl.ts';
import { scraperMetrics } from '../../scrapers/metrics.ts';
import { configurationMetrics } from '../../subgraphs/configuration/metrics.ts';
import { datasourceMetrics } from '../../subgraphs/datasource/folding/metrics.ts';
import { endpointMetrics } from '../../subgraphs/endpoint/metrics.ts';

interface Instrument {
  readonly name: string;
  readonly labelNames?: readonly string[];
}

/** Writes down what is asked of it. */
class RecordingMetrics extends Metrics {
  readonly instruments = new Map<string, string>();

  override counter<L extends string>(configuration: Omit<CounterConfiguration<L>, 'registers'>) {
    this.#record('counter', configuration);
    return super.counter(configuration);
  }

  override gauge<L extends string>(configuration: Omit<GaugeConfiguration<L>, 'registers'>) {
    this.#record('gauge', configuration);
    return super.gauge(configuration);
  }

  override histogram<L extends string>(configuration: Omit<HistogramConfiguration<L>, 'registers'>) {
    this.#record('histogram', configuration);
    return super.histogram(configuration);
  }

  override reading<L extends string = never>(
    configuration: Omit<GaugeConfiguration<L>, 'registers' | 'collect'>,
  ) {
    this.#record('gauge', configuration);
    return super.reading(configuration);
  }

  #record(type: string, { name, labelNames = [] }: Instrument): void {
    this.instruments.set(name, [name, type, [...labelNames].sort().join(', ')].join(' | '));
  }
}

const page = readFileSync(join(packageRoot, 'docs', 'metrics.md'), 'utf8');

/** Cells of the tables' rows whose first is a name in code marks, without the marks. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
const metricRows = rows.filter(([name]) => name?.startsWith('tributary_'));
const limitNames = rows.map(([name = '']) => name).filter((name) => !name.startsWith('tributary_'));

describe('docs/metrics.md', () => {
  it('names every metric there is, with its type and labels, and no other', () => {
    const metrics = new RecordingMetrics();
    for (const instrumentsOf of [
      gatewayMetrics,
      subgraphMetrics,
      configurationMetrics,
      datasourceMetrics,
      endpointMetrics,
      scraperMetrics,
      orchestratorMetrics,
      dockerProxyMetrics,
    ]) {
      instrumentsOf(metrics);
    }
    const documented = metricRows.map(([name, type, labels = '']) =>
      [name, type, labels.split(', ').sort().join(', ')].join(' | '),
    );
    expect(documented.sort()).toEqual([...metrics.instruments.values()].sort());
  });

  it('says of every bound that is a setting how its hits are counted, or why not', () => {
    const bounds = Object.keys(platformSettings.shape).filter((name) => /_(MAX|TIMEOUT)$/.test(name));
    expect(bounds.length).toBeGreaterThan(20);
    expect(limitNames).toEqual(expect.arrayContaining(bounds));
  });

  it('names settings and constants that there are', () => {
    const settings = new Set(Object.keys(platformSettings.shape));
    const constants = rows.filter(([, whose]) => whose?.endsWith('(constant)')).map(([name]) => name);
    const unknown = limitNames.filter((name) => !settings.has(name) && !constants.includes(name));
    expect(unknown).toEqual([]);
  });
});
