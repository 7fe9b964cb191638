// Warns of copies that lie outside the partitions of their cluster: every command passes them over, and somebody should
// know that they are there.
import type { BackupId } from '../core/backup.ts';
import type { CliIo } from './cli-io.ts';

export function warnOfIgnored(
  ignored: readonly BackupId[],
  partitionsCount: number,
  { stderr }: Pick<CliIo, 'stderr'>,
): void {
  for (const { checkpointId, partitionId, nodeId } of ignored) {
    const copy = `backupId=${checkpointId} partition=${partitionId} node=${nodeId}`;
    stderr.write(
      `tidemark: warning: ignored a copy of a partition that the cluster has not: ${copy}; ` +
        `its partitions are 1 to ${partitionsCount}\n`,
    );
  }
}
