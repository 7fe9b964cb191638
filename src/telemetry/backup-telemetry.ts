// Turns what the engines and stores tell into OpenTelemetry's metrics and spans. It only listens: nothing here may
// change what they do, or make them wait.
import { context, type Meter, metrics, type Tracer, trace } from '@opentelemetry/api';
import type { ResultAsync } from 'neverthrow';
import type { BackupId } from '../core/backup.ts';
import type { PartitionId } from '../core/ids.ts';
import type { BackupStore } from '../ports/backup-store.ts';
import type { Clock } from '../ports/environment.ts';
import type {
  Logger,
  RestoreObserver,
  RetentionObserver,
  SchedulerObserver,
  StoreObserver,
} from '../ports/telemetry.ts';
import { Instruments } from './instruments.ts';
import { NewestBackup } from './newest-backup.ts';
import { PartitionTelemetry } from './partition-telemetry.ts';
import { RestoreTelemetry } from './restore-telemetry.ts';
import { RetentionTelemetry } from './retention-telemetry.ts';
import { scheduleObserver } from './schedule-telemetry.ts';
import { Spans } from './spans.ts';
import { StoreTelemetry } from './store-telemetry.ts';

export interface BackupTelemetryComponents {
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
  /** Default: the meter `tidemark` of the provider that is registered globally when this is made. */
  readonly meter?: Meter | undefined;
  /** Default: the tracer `tidemark` of the provider that is registered globally. */
  readonly tracer?: Tracer | undefined;
}

/** The name of the meter and of the tracer. */
const SCOPE = 'tidemark';

/**
 * One for each process and cluster. Hand its observers to what you make; docs/reference/metrics.md has the metrics that
 * come of it. Make it after the SDK of OpenTelemetry is set up.
 */
export class BackupTelemetry {
  readonly #clock: Clock;
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #instruments: Instruments;
  readonly #spans: Spans;
  readonly #tracer: Tracer;
  readonly #partitions = new Set<PartitionTelemetry>();
  readonly #gauges: readonly (() => void)[];

  /** For the components of a store, or of a `RetryingStorage` of your own. */
  readonly store: StoreObserver;
  /** For the `RestoreManager`. */
  readonly restore: RestoreObserver;
  /** For the `RetentionManager`. */
  readonly retention: RetentionObserver;
  /** For the `BackupScheduler`. */
  readonly schedule: SchedulerObserver;

  constructor({ clock, logger, meter, tracer }: BackupTelemetryComponents) {
    this.#clock = clock;
    this.#logger = logger;
    this.#tracer = tracer ?? trace.getTracer(SCOPE);
    this.#instruments = new Instruments(meter ?? metrics.getMeter(SCOPE));
    this.#spans = new Spans(this.#tracer, clock);
    const store = new StoreTelemetry(this.#instruments);
    const restore = new RestoreTelemetry(this.#instruments, this.#spans);
    const retention = new RetentionTelemetry(this.#instruments);
    this.store = store.observer;
    this.restore = restore.observer;
    this.retention = retention.observer;
    this.schedule = scheduleObserver(this.#instruments);
    // A counter that begins with its first failure hides that one from `increase`.
    for (const name of ['tidemark.retention.runs', 'tidemark.sweep.runs'] as const)
      this.#instruments.add(name, 0, { result: 'failed' });
    this.#instruments.add('tidemark.verify.runs', 0, { result: 'damaged' });
    this.#instruments.add('tidemark.schedule.events', 0, { task: 'backup', result: 'skipped' });
    this.#gauges = [...store.observe(), ...restore.observe(), ...retention.observe()];
  }

  /**
   * The observers of a partition that this node leads from now on. Lists the store once, in the background, for the age
   * of the newest backup. Close what it gives when the leadership ends.
   */
  partition(partitionId: PartitionId, store: Pick<BackupStore, 'list'>): PartitionTelemetry {
    const clock = this.#clock;
    const newest = new NewestBackup({ store, clock, logger: this.#logger }, partitionId);
    newest.read();
    const onClose = (closed: PartitionTelemetry) => void this.#partitions.delete(closed);
    const components = { instruments: this.#instruments, spans: this.#spans, clock, newest, onClose };
    const partition = new PartitionTelemetry(components, partitionId);
    this.#partitions.add(partition);
    return partition;
  }

  /** Runs a verification of a backup within a span, and counts how it ended. Gives what it gives. */
  verify<T extends { readonly restorable: boolean }, E extends Error>(
    id: Pick<BackupId, 'checkpointId' | 'partitionId'>,
    run: () => ResultAsync<T, E>,
  ): ResultAsync<T, E> {
    const { checkpointId, partitionId } = id;
    const span = this.#spans.start('tidemark.verify', { checkpointId, partitionId });
    const ended = (result: 'restorable' | 'damaged' | 'failed', error?: Error) => {
      this.#instruments.add('tidemark.verify.runs', 1, { result });
      this.#spans.end(span, error, { 'tidemark.result': result });
    };
    return context
      .with(trace.setSpan(context.active(), span), run)
      .andTee(({ restorable }) => ended(restorable ? 'restorable' : 'damaged'))
      .orTee((error) => ended('failed', error));
  }

  /** Shows nothing any more, and closes its partitions. May be called twice. */
  async close(): Promise<void> {
    for (const end of this.#gauges) end();
    await Promise.all([...this.#partitions].map((partition) => partition.close()));
  }
}
