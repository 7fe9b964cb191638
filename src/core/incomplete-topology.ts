// The failure of whoever asks a cluster of which not all partitions are known: it is told before anybody is asked.
import { BackupError } from './errors.ts';
import type { PartitionId } from './ids.ts';

/** Fewer partitions are known than the cluster should have; nothing was asked of any. */
export class IncompleteTopology extends BackupError {
  override readonly name = 'IncompleteTopology';
  override readonly retryable = true;
  readonly expected: number;
  readonly known: readonly PartitionId[];
  constructor(expected: number, known: readonly PartitionId[]) {
    super(`not all partitions are known: expected=${expected} known=[${known.join(',')}]; try again later`);
    this.expected = expected;
    this.known = known;
  }
}
