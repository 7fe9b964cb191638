// Remembers what the aggregator has told of each backup: COMPLETED is true, and stays so until somebody deletes it. Of
// the other states a leader that has just come may know less than the one before it.
import type { CheckpointId } from '../../../src/core/ids.ts';
import type { ClusterBackupState, ClusterBackupStatus } from '../../../src/core/status.ts';
import { hold } from '../violation.ts';
import type { StoreWatch } from './store-watch.ts';

export class StatusWatch {
  readonly #seen = new Map<CheckpointId, ClusterBackupState>();
  readonly #watch: StoreWatch;
  readonly #partitions: number;

  constructor(watch: StoreWatch, partitions: number) {
    this.#watch = watch;
    this.#partitions = partitions;
  }

  /** Call it with an answer, and with what was seen before the question was asked. */
  told({ checkpointId: id, state }: ClusterBackupStatus, before: ClusterBackupState | undefined): void {
    if (this.#watch.deleting.has(id)) return;
    if (state === 'COMPLETED') {
      const completed = this.#watch.completedPartitions(id);
      hold(
        completed.size === this.#partitions,
        'the status tells what is stored',
        () => `backup ${id} is told COMPLETED with ${completed.size} of ${this.#partitions} partitions`,
      );
    }
    hold(
      before !== 'COMPLETED' || state === 'COMPLETED',
      'the status does not go back',
      () => `backup ${id} was COMPLETED and is ${state}`,
    );
    this.#seen.set(id, state);
  }

  last(id: CheckpointId): ClusterBackupState | undefined {
    return this.#seen.get(id);
  }
}
