// Entry `tidemark/telemetry`: metrics and spans for OpenTelemetry. Needs the package `@opentelemetry/api`.
export { BackupTelemetry, type BackupTelemetryComponents } from './telemetry/backup-telemetry.ts';
export type { PartitionTelemetry } from './telemetry/partition-telemetry.ts';
