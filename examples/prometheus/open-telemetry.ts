// The SDK of OpenTelemetry with Prometheus' exporter, and tidemark's telemetry on it. What a broker has of its own
// metrics goes to the same meter provider.
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { type Logger, systemClock } from 'tidemark';
import { BackupTelemetry } from 'tidemark/telemetry';

/** Serves the metrics of this process at `http://127.0.0.1:<port>/metrics`. */
export async function openTelemetry(port: number, logger: Logger): Promise<BackupTelemetry> {
  const exporter = new PrometheusExporter({ host: '127.0.0.1', port, preventServerStart: true });
  await exporter.startServer();
  const meter = new MeterProvider({ readers: [exporter] }).getMeter('tidemark');
  return new BackupTelemetry({ clock: systemClock, logger, meter });
}
