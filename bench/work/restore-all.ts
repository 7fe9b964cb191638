// A restore of all partitions of a backup, as a single node does it. Gives the bytes that it wrote.
import {
  type BackupStore,
  type CheckpointId,
  RestoreManager,
  type RestoreTarget,
  silentLogger,
  systemClock,
} from 'tidemark';

export async function restoreAll(
  store: BackupStore,
  target: RestoreTarget,
  id: CheckpointId,
  partitions: number,
): Promise<number> {
  const manager = new RestoreManager(
    { store, target, clock: systemClock, logger: silentLogger },
    {
      partitionIds: Array.from({ length: partitions }, (_, index) => index + 1),
      partitionsCount: partitions,
    },
  );
  const restored = await manager.restore(id);
  if (restored.isErr()) throw restored.error;
  return restored.value.bytes;
}
