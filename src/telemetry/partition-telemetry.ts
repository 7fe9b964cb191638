// The observers of one partition while this node leads it, and the gauges that are its. Close it with the leadership:
// a gauge that goes on to tell of a partition that another node leads would raise a false alarm.
import type { Span } from '@opentelemetry/api';
import type { BackupId } from '../core/backup.ts';
import type { CheckpointId, PartitionId } from '../core/ids.ts';
import type { BackupProgress } from '../core/status.ts';
import type { Clock } from '../ports/environment.ts';
import type {
  BackupPhase,
  CheckpointObserver,
  PartitionBackupEvent,
  PartitionBackupObserver,
} from '../ports/telemetry.ts';
import type { Instruments } from './instruments.ts';
import type { NewestBackup } from './newest-backup.ts';
import type { Spans } from './spans.ts';

export interface PartitionTelemetryComponents {
  readonly instruments: Instruments;
  readonly spans: Spans;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly newest: NewestBackup;
  /** Told when it is closed. */
  readonly onClose: (closed: PartitionTelemetry) => void;
}

interface RunningAttempt {
  readonly span: Span;
  readonly phases: { readonly phase: BackupPhase; readonly durationMs: number }[];
  told: Pick<BackupProgress, 'bytesDone' | 'bytesReused' | 'bytesUnread' | 'throttledMs'>;
}

const NOTHING = { bytesDone: 0, bytesReused: 0, throttledMs: 0 };

export class PartitionTelemetry {
  readonly #components: PartitionTelemetryComponents;
  readonly #partition: PartitionId;
  readonly #newest: NewestBackup;
  readonly #running = new Map<CheckpointId, RunningAttempt>();
  readonly #pinnedAt = new Map<CheckpointId, number>();
  readonly #gauges: readonly (() => void)[];

  /** For the `PartitionBackupManager`. */
  readonly backups: PartitionBackupObserver = (event) => this.#backup(event);
  /** For the `CheckpointProcessor`. */
  readonly checkpoints: CheckpointObserver = ({ type }) =>
    this.#components.instruments.add('tidemark.checkpoints', 1, { partition: this.#partition, result: type });

  constructor(components: PartitionTelemetryComponents, partition: PartitionId) {
    this.#components = components;
    this.#partition = partition;
    this.#newest = components.newest;
    this.#gauges = this.#observe();
    // A counter that begins with its first failure hides that one from `increase`.
    for (const result of ['completed', 'already_completed', 'failed'])
      components.instruments.add('tidemark.backup.attempts', 0, { partition, result });
  }

  /** Shows the partition no more. May be called twice. */
  async close(): Promise<void> {
    for (const end of this.#gauges) end();
    for (const { span } of this.#running.values()) this.#components.spans.end(span);
    this.#running.clear();
    this.#components.onClose(this);
    await this.#newest.close();
  }

  #observe(): (() => void)[] {
    const { instruments, clock } = this.#components;
    const of = { partition: this.#partition };
    return [
      instruments.observe('tidemark.backup.age.seconds', (observe) => {
        const age = this.#newest.age();
        if (typeof age === 'number') observe(age / 1000, of);
      }),
      instruments.observe('tidemark.backup.missing', (observe) => {
        const age = this.#newest.age();
        if (age !== undefined) observe(age === null ? 1 : 0, of);
      }),
      instruments.observe('tidemark.backup.running', (observe) => observe(this.#running.size, of)),
      instruments.observe('tidemark.backup.pin.age.seconds', (observe) => {
        const now = clock.monotonic();
        observe((now - Math.min(now, ...this.#pinnedAt.values())) / 1000, of);
      }),
    ];
  }

  #backup(event: PartitionBackupEvent): void {
    const { checkpointId } = event.id;
    switch (event.type) {
      case 'started': {
        const span = this.#components.spans.start('tidemark.backup', event.id);
        this.#running.set(checkpointId, { span, phases: [], told: NOTHING });
        return;
      }
      case 'pinned':
        this.#pinnedAt.set(checkpointId, this.#components.clock.monotonic());
        return;
      case 'released':
        this.#pinnedAt.delete(checkpointId);
        return;
      case 'progress':
        this.#progressed(checkpointId, event.progress);
        return;
      case 'phase':
        this.#phaseEnded(event.id, event.phase, event.durationMs);
        return;
      case 'completed':
        if (event.outcome === 'completed')
          this.#newest.completed(this.#components.clock.now() - event.durationMs);
        // Somebody else has completed it, and only the store knows when.
        else this.#newest.read();
        this.#ended(event, event.outcome === 'completed' ? 'completed' : 'already_completed');
        return;
      case 'failed': {
        const attributes = { partition: this.#partition, 'error.type': event.error.name };
        this.#components.instruments.add('tidemark.backup.failures', 1, attributes);
        this.#ended(event, 'failed');
        return;
      }
      case 'deleted':
        this.#deleted(event);
    }
  }

  #progressed(checkpointId: CheckpointId, progress: BackupProgress): void {
    const attempt = this.#running.get(checkpointId);
    if (attempt === undefined) return;
    const { instruments } = this.#components;
    const partition = this.#partition;
    const { told } = attempt;
    const { throttledMs = 0 } = progress;
    const unread = (progress.bytesUnread ?? 0) - (told.bytesUnread ?? 0);
    const reused = progress.bytesReused - told.bytesReused - unread;
    const stored = progress.bytesDone - told.bytesDone - reused - unread;
    for (const [source, bytes] of Object.entries({ new: stored, reused, unread })) {
      if (bytes > 0) instruments.add('tidemark.backup.bytes', bytes, { partition, source });
    }
    const pausedMs = throttledMs - (told.throttledMs ?? 0);
    if (pausedMs > 0) instruments.add('tidemark.backup.throttled.seconds', pausedMs / 1000, { partition });
    attempt.told = { ...progress, throttledMs };
  }

  #phaseEnded(id: BackupId, phase: BackupPhase, durationMs: number): void {
    const attempt = this.#running.get(id.checkpointId);
    if (attempt === undefined) return;
    attempt.phases.push({ phase, durationMs });
    this.#components.spans.past(`tidemark.backup.${phase}`, id, durationMs, { parent: attempt.span });
  }

  #ended(
    event: Extract<PartitionBackupEvent, { type: 'completed' | 'failed' }>,
    result: 'completed' | 'already_completed' | 'failed',
  ): void {
    const { instruments, spans } = this.#components;
    const partition = this.#partition;
    const { checkpointId } = event.id;
    instruments.add('tidemark.backup.attempts', 1, { partition, result });
    const attempt = this.#running.get(checkpointId);
    this.#running.delete(checkpointId);
    // A look at what was there is no backup: it would pull the times down.
    if (result !== 'already_completed') {
      const seconds = event.durationMs / 1000;
      instruments.record('tidemark.backup.duration.seconds', seconds, { partition, result });
      for (const { phase, durationMs } of attempt?.phases ?? []) {
        const attributes = { partition, phase, result };
        instruments.record('tidemark.backup.phase.seconds', durationMs / 1000, attributes);
      }
    }
    if (attempt === undefined) return;
    const { bytesDone, bytesReused, bytesUnread = 0, throttledMs = 0 } = attempt.told;
    spans.end(attempt.span, event.type === 'failed' ? event.error : undefined, {
      'tidemark.result': result,
      'tidemark.bytes.new': bytesDone - bytesReused,
      'tidemark.bytes.reused': bytesReused - bytesUnread,
      'tidemark.bytes.unread': bytesUnread,
      'tidemark.throttled_ms': throttledMs,
    });
  }

  #deleted({ id, durationMs, error }: Extract<PartitionBackupEvent, { type: 'deleted' }>): void {
    const { instruments, spans } = this.#components;
    const result = error === undefined ? 'completed' : 'failed';
    instruments.add('tidemark.backup.deletes', 1, { partition: this.#partition, result });
    spans.past('tidemark.delete', id, durationMs, { error });
    // It may have been the newest one.
    this.#newest.read();
  }
}
