import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { within } from './time.js';

const collectMs = 1_000;

export interface Metrics {
  registry: Registry;
  counter<Label extends string = never>(name: string, help: string, labels?: readonly Label[]): Counter<Label>;
  /** @param collect sets it when it is asked for: what it throws, or takes longer than a second for, leaves the figures as they were */
  gauge<Label extends string = never>(
    name: string,
    help: string,
    labels?: readonly Label[],
    collect?: (gauge: Gauge<Label>) => Promise<void>,
  ): Gauge<Label>;
  /** Buckets in seconds unless given. */
  histogram<Label extends string = never>(
    name: string,
    help: string,
    options?: { labels?: readonly Label[]; buckets?: number[] },
  ): Histogram<Label>;
}

/** Prometheus metrics of one service; names get the prefix `tidings_`. With `processMetrics` also those of Node itself. */
export function createMetrics(options: { processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry();
  if (options.processMetrics) collectDefaultMetrics({ register: registry });
  const base = <Label extends string>(name: string, help: string, labels: readonly Label[] = []) => ({
    name: `tidings_${name}`,
    help,
    labelNames: [...labels],
    registers: [registry],
  });
  return {
    registry,
    counter: (name, help, labels) => new Counter(base(name, help, labels)),
    gauge: (name, help, labels, collect) => {
      const gauge = new Gauge(base(name, help, labels));
      if (!collect) return gauge;
      // Metrics are wanted most when the database is away: they must not wait for it, nor fail.
      return Object.assign(gauge, { collect: () => within(collectMs, () => collect(gauge)).catch(() => undefined) });
    },
    histogram: (name, help, { labels, buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5] } = {}) =>
      new Histogram({ ...base(name, help, labels), buckets }),
  };
}
