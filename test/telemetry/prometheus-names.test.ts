// What Prometheus' exporter makes of the metrics: the names on the page, and numbers that Prometheus can read.
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { silentLogger } from 'tidemark';
import { BackupTelemetry } from 'tidemark/telemetry';
import { ManualClock } from 'tidemark/testkit';
import { expect, it } from 'vitest';
import { InMemoryBackupStore } from '../../src/stores/in-memory-backup-store.ts';
import { Instruments } from '../../src/telemetry/instruments.ts';
import { METRICS, type MetricDefinition, type NameOf } from '../../src/telemetry/metrics.ts';

it('gives each metric the name that the page says', async () => {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const instruments = new Instruments(new MeterProvider({ readers: [exporter] }).getMeter('test'));
  const all = Object.entries<MetricDefinition>(METRICS);
  for (const [name, { kind }] of all) {
    if (kind === 'counter') instruments.add(name as NameOf<'counter'>, 1, {} as never);
    else if (kind === 'histogram') instruments.record(name as NameOf<'histogram'>, 1, {} as never);
    else instruments.observe(name as NameOf<'gauge'>, (observe) => observe(1, {} as never));
  }
  const { resourceMetrics } = await exporter.collect();
  const text = new PrometheusSerializer('', false, undefined, true, true).serialize(resourceMetrics);
  const types = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, kind]) => [name, kind]);
  expect(types).toEqual(
    all.map(([name, { kind }]) => [
      `${name.replaceAll('.', '_')}${kind === 'counter' ? '_total' : ''}`,
      kind,
    ]),
  );
});

it('writes an attribute with a dot as the label that the dashboard groups by', async () => {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const instruments = new Instruments(new MeterProvider({ readers: [exporter] }).getMeter('test'));
  instruments.add('tidemark.backup.failures', 1, { partition: 1, 'error.type': 'BackupNotPossible' });
  const { resourceMetrics } = await exporter.collect();
  const text = new PrometheusSerializer('', false, undefined, true, true).serialize(resourceMetrics);
  expect(text).toContain('tidemark_backup_failures_total{partition="1",error_type="BackupNotPossible"} 1\n');
});

it('writes a partition that was given up as NaN', async () => {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const meter = new MeterProvider({ readers: [exporter] }).getMeter('test');
  const clock = new ManualClock();
  const telemetry = new BackupTelemetry({ clock, logger: silentLogger, meter });
  const partition = telemetry.partition(1, new InMemoryBackupStore({ clusterId: 'a' }, { clock }));
  const scrape = async () => {
    await clock.advance(0);
    const { resourceMetrics } = await exporter.collect();
    return new PrometheusSerializer('', false, undefined, true, true).serialize(resourceMetrics);
  };
  expect(await scrape()).toContain('tidemark_backup_missing{partition="1"} 1\n');
  await partition.close();
  expect(await scrape()).toContain('tidemark_backup_missing{partition="1"} NaN\n');
});
