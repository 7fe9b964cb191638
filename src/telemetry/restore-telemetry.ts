// The observer of restores on this node: how far they are, how they ended, and a span for each.
import type { Span } from '@opentelemetry/api';
import type { PartitionRestoreProgress } from '../core/restore-progress.ts';
import type { RestoreEvent } from '../ports/telemetry.ts';
import type { Instruments } from './instruments.ts';
import type { Spans } from './spans.ts';

export class RestoreTelemetry {
  readonly #instruments: Instruments;
  readonly #spans: Spans;
  readonly #running = new Map<bigint, Span>();
  #partitions: readonly PartitionRestoreProgress[] = [];

  constructor(instruments: Instruments, spans: Spans) {
    this.#instruments = instruments;
    this.#spans = spans;
  }

  /** Begins to show how far restores are. Gives what ends that. */
  observe(): (() => void)[] {
    return [
      this.#instruments.observe('tidemark.restore.done.bytes', (observe) => {
        for (const { partitionId, bytesDone } of this.#partitions)
          observe(bytesDone, { partition: partitionId });
      }),
      this.#instruments.observe('tidemark.restore.total.bytes', (observe) => {
        for (const { partitionId, bytesTotal } of this.#partitions)
          observe(bytesTotal, { partition: partitionId });
      }),
    ];
  }

  readonly observer = (event: RestoreEvent): void => {
    const { checkpointId } = event;
    switch (event.type) {
      case 'started':
        this.#running.set(checkpointId, this.#spans.start('tidemark.restore', { checkpointId }));
        return;
      case 'progress':
        this.#partitions = event.progress.partitions;
        return;
      case 'completed':
      case 'failed': {
        const result = event.type;
        this.#instruments.add('tidemark.restore.runs', 1, { result });
        this.#instruments.record('tidemark.restore.duration.seconds', event.durationMs / 1000, { result });
        const span = this.#running.get(checkpointId);
        this.#running.delete(checkpointId);
        if (span === undefined) return;
        if (event.type === 'failed') this.#spans.end(span, event.error);
        else
          this.#spans.end(span, undefined, { 'tidemark.files': event.files, 'tidemark.bytes': event.bytes });
      }
    }
  };
}
