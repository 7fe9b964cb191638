// The real SDK of OpenTelemetry, read at will: no network, no timer.
import { type DataPoint, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { silentLogger } from 'tidemark';
import { BackupTelemetry } from 'tidemark/telemetry';
import { ManualClock } from 'tidemark/testkit';

class Reader extends MetricReader {
  protected override async onForceFlush() {}
  protected override async onShutdown() {}
}

export interface Point {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly value: unknown;
}

/** Telemetry whose metrics and spans can be looked at. */
export function setUpTelemetry(clock = new ManualClock()) {
  const reader = new Reader();
  const spanExporter = new InMemorySpanExporter();
  const meters = new MeterProvider({ readers: [reader] });
  const tracers = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter: spanExporter })],
  });
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (_fields: object, message: string) => void warnings.push(message) };
  const telemetry = new BackupTelemetry({
    clock,
    logger,
    meter: meters.getMeter('tidemark'),
    tracer: tracers.getTracer('tidemark'),
  });

  /** All metrics that have points now. */
  const collect = async () => {
    const { resourceMetrics, errors } = await reader.collect();
    if (errors.length > 0) throw errors[0];
    return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
  };
  const points = async (name: string): Promise<Point[]> => {
    const metric = (await collect()).find(({ descriptor }) => descriptor.name === name);
    return (metric?.dataPoints ?? []).map(({ attributes, value }: DataPoint<unknown>) => ({
      attributes,
      value,
    }));
  };
  /** The one value with these attributes; undefined when there is none. */
  const value = async (name: string, attributes: Readonly<Record<string, unknown>> = {}) => {
    const found = (await points(name)).filter((point) =>
      Object.entries(attributes).every(([key, wanted]) => point.attributes[key] === wanted),
    );
    if (found.length > 1) throw new Error(`${name} has ${found.length} such points`);
    return found[0]?.value;
  };
  const spans = () => spanExporter.getFinishedSpans();
  return { clock, telemetry, reader, collect, points, value, spans, warnings };
}
