// The backup requests where they arrive: at the leader of the partition. A trigger becomes a CREATE in its log.
import {
  type BackupError,
  type CheckpointId,
  type PartitionBackupManager,
  parseCheckpointId,
  type Result,
} from 'tidemark';
import { HttpError, type Route } from './http-server.ts';
import type { LedPartition } from './led-partition.ts';

export function backupRoutes(led: (partitionId: string | undefined) => LedPartition): Route[] {
  const managerOf = (partitionId: string | undefined): PartitionBackupManager => {
    const { backups } = led(partitionId);
    if (backups === undefined) throw new HttpError(501, 'no backup store is configured');
    return backups;
  };
  const one = /^\/internal\/partitions\/(\d+)\/backups\/(\d+)$/;
  return [
    {
      method: 'POST',
      path: one,
      async handle({ parameters: [partitionId, id], query }) {
        managerOf(partitionId);
        const outcome = await led(partitionId).partition.submit({
          type: 'checkpoint',
          checkpointId: idOf(id).toString(),
          kind: query.get('type') === 'marker' ? 'marker' : 'backup',
        });
        if (outcome.code !== 'checkpoint') throw new Error(`a CREATE came to ${outcome.code}`);
        const { intent, checkpointId, type } = outcome.event;
        return { status: 200, body: { created: intent === 'CREATED', checkpointId, type } };
      },
    },
    {
      method: 'GET',
      path: one,
      async handle({ parameters: [partitionId, id] }) {
        const { descriptor, ...status } = unwrapped(await managerOf(partitionId).status(idOf(id)));
        if (descriptor === undefined) return { status: 200, body: status };
        // Who asks for the state of a backup has no use for thousands of points.
        const { checkpoints: _, ...rest } = descriptor;
        return { status: 200, body: { ...status, descriptor: rest } };
      },
    },
    {
      method: 'DELETE',
      path: one,
      async handle({ parameters: [partitionId, id] }) {
        unwrapped(await managerOf(partitionId).delete(idOf(id)));
        return { status: 204 };
      },
    },
    {
      method: 'GET',
      path: /^\/internal\/partitions\/(\d+)\/backups$/,
      async handle({ parameters: [partitionId], query }) {
        const before = query.get('before');
        const limit = query.get('limit');
        const page = await managerOf(partitionId).list({
          ...(before !== null && { before: idOf(before) }),
          ...(limit !== null && { limit: Number(limit) }),
        });
        return { status: 200, body: unwrapped(page) };
      },
    },
  ];
}

function idOf(text: string | undefined): CheckpointId {
  const id = parseCheckpointId(text ?? '');
  if (id.isErr()) throw new HttpError(400, id.error.message);
  return id.value;
}

function unwrapped<T>(result: Result<T, BackupError>): T {
  if (result.isErr()) throw new HttpError(502, result.error.message);
  return result.value;
}
