// The instruments of a meter, made from the table of metrics. What is not in the table cannot be recorded.
import type {
  Attributes,
  Counter,
  Histogram,
  Meter,
  ObservableGauge,
  ObservableResult,
} from '@opentelemetry/api';
import { type AttributesOf, METRICS, type MetricDefinition, type NameOf } from './metrics.ts';

/** From a small file on a near disk to a terabyte over a slow line, in seconds. */
const SECONDS_BOUNDARIES = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600];

/** What a gauge shows at the time of a collection. */
export type Observe<N extends NameOf<'gauge'>> = (value: number, attributes: AttributesOf<N>) => void;

export class Instruments {
  readonly #counters = new Map<string, Counter>();
  readonly #histograms = new Map<string, Histogram>();
  readonly #gauges = new Map<string, ObservableGauge>();

  constructor(meter: Meter) {
    for (const [name, definition] of Object.entries<MetricDefinition>(METRICS)) {
      const { kind, unit, description } = definition;
      const options = { unit, description };
      if (kind === 'counter') this.#counters.set(name, meter.createCounter(name, options));
      else if (kind === 'gauge') this.#gauges.set(name, meter.createObservableGauge(name, options));
      else {
        const advice = { explicitBucketBoundaries: SECONDS_BOUNDARIES };
        this.#histograms.set(name, meter.createHistogram(name, { ...options, advice }));
      }
    }
  }

  add<N extends NameOf<'counter'>>(name: N, value: number, attributes: AttributesOf<N>): void {
    this.#counters.get(name)?.add(value, attributes as Attributes);
  }

  record<N extends NameOf<'histogram'>>(name: N, value: number, attributes: AttributesOf<N>): void {
    this.#histograms.get(name)?.record(value, attributes as Attributes);
  }

  /**
   * Asks `read` at each collection. Gives what ends that. What was shown once and is not any more becomes NaN, which no
   * comparison is true of: the SDK would repeat its last value for ever.
   */
  observe<N extends NameOf<'gauge'>>(name: N, read: (observe: Observe<N>) => void): () => void {
    const gauge = this.#gauges.get(name);
    const shown = new Map<string, Attributes>();
    let isOver = false;
    const callback = (result: ObservableResult) => {
      const silent = new Map(shown);
      const observe: Observe<N> = (value, given) => {
        const attributes = given as Attributes;
        const key = JSON.stringify(attributes);
        shown.set(key, attributes);
        silent.delete(key);
        result.observe(value, attributes);
      };
      if (!isOver) read(observe);
      for (const attributes of silent.values()) result.observe(Number.NaN, attributes);
      // Not at once: the SDK is going through its callbacks.
      if (isOver) void Promise.resolve().then(() => gauge?.removeCallback(callback));
    };
    gauge?.addCallback(callback);
    return () => {
      isOver = true;
    };
  }
}
