// The observer of a store: the requests that it sends again, and what its sweeps find and free.
import type { PartitionSweep, SweepReport } from '../ports/backup-store.ts';
import type { StoreEvent } from '../ports/telemetry.ts';
import type { Instruments } from './instruments.ts';
import { retryReason } from './retry-reason.ts';

export class StoreTelemetry {
  readonly #instruments: Instruments;
  readonly #found = new Map<number, NonNullable<PartitionSweep['found']>>();

  constructor(instruments: Instruments) {
    this.#instruments = instruments;
  }

  /** Begins to show what sweeps found. Gives what ends that. */
  observe(): (() => void)[] {
    return [
      this.#instruments.observe('tidemark.sweep.chunk.bytes', (observe) => {
        for (const [partition, { inUse, tooYoung, garbage }] of this.#found) {
          observe(inUse.bytes, { partition, state: 'in_use' });
          observe(tooYoung.bytes, { partition, state: 'too_young' });
          observe(garbage.bytes, { partition, state: 'garbage' });
        }
      }),
    ];
  }

  readonly observer = (event: StoreEvent): void => {
    switch (event.type) {
      case 'retry': {
        const { operation, error } = event;
        this.#instruments.add('tidemark.store.retries', 1, { operation, reason: retryReason(error) });
        return;
      }
      case 'swept':
        this.#swept(event.report);
        return;
      case 'sweep-failed':
        this.#instruments.add('tidemark.sweep.runs', 1, { result: 'failed' });
    }
  };

  #swept({ dryRun, partitions }: SweepReport): void {
    for (const { partitionId, found, freed } of partitions) {
      if (found !== undefined) this.#found.set(partitionId, found);
      const attributes = { partition: partitionId };
      if (!dryRun) this.#instruments.add('tidemark.sweep.freed.bytes', freed.bytes, attributes);
    }
    if (!dryRun) this.#instruments.add('tidemark.sweep.runs', 1, { result: 'completed' });
  }
}
