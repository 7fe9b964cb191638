// Carries the four backup requests to the leader of a partition over HTTP. `backup-routes.ts` is the other end.
import {
  type BackupStatus,
  BackupsDisabled,
  type CheckpointId,
  checkpointId,
  type ListBackupsQuery,
  logPosition,
  type PartitionBackupClient,
  PartitionFailure,
  type TakeBackupResponse,
} from 'tidemark';
import { HttpError } from './http-server.ts';
import { type Peers, PeerUnavailable } from './peers.ts';

/** A value as it comes out of JSON: its 64-bit numbers are text. */
type OnTheWire<T> = {
  [K in keyof T]: T[K] extends bigint ? string : T[K] extends object ? OnTheWire<T[K]> : T[K];
};

export class HttpPartitionBackups implements PartitionBackupClient {
  readonly #peers: Peers;

  constructor(peers: Peers) {
    this.#peers = peers;
  }

  async take(partitionId: number, id: CheckpointId, signal: AbortSignal): Promise<TakeBackupResponse> {
    return this.#create(partitionId, `/${id}`, signal);
  }

  async mark(partitionId: number, id: CheckpointId, signal: AbortSignal): Promise<TakeBackupResponse> {
    return this.#create(partitionId, `/${id}?type=marker`, signal);
  }

  async status(partitionId: number, id: CheckpointId, signal: AbortSignal): Promise<BackupStatus> {
    return readStatus(await this.#ask(partitionId, 'GET', `/${id}`, signal));
  }

  async list(
    partitionId: number,
    query: ListBackupsQuery,
    signal: AbortSignal,
  ): Promise<readonly BackupStatus[]> {
    const { before, limit } = query;
    const parameters = new URLSearchParams({
      ...(before !== undefined && { before: before.toString() }),
      ...(limit !== undefined && { limit: limit.toString() }),
    });
    const rows = await this.#ask<OnTheWire<BackupStatus>[]>(partitionId, 'GET', `?${parameters}`, signal);
    return rows.map(readStatus);
  }

  async delete(partitionId: number, id: CheckpointId, signal: AbortSignal): Promise<void> {
    await this.#ask(partitionId, 'DELETE', `/${id}`, signal);
  }

  async #create(partitionId: number, path: string, signal: AbortSignal): Promise<TakeBackupResponse> {
    const answer = await this.#ask<OnTheWire<TakeBackupResponse>>(partitionId, 'POST', path, signal);
    const { created, type = 'backup' } = answer;
    return { created, checkpointId: checkpointId(BigInt(answer.checkpointId)), type };
  }

  async #ask<T>(
    partitionId: number,
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    signal: AbortSignal,
  ): Promise<T> {
    try {
      const url = `/internal/partitions/${partitionId}/backups${path}`;
      return await this.#peers.ask<T>(partitionId, method, url, undefined, signal);
    } catch (cause) {
      // Not reached at all: the coordinator calls that by its name.
      if (cause instanceof PeerUnavailable) throw cause;
      if (cause instanceof HttpError && cause.status === 501) throw new BackupsDisabled();
      throw new PartitionFailure(partitionId, cause);
    }
  }
}

function readStatus(wire: OnTheWire<BackupStatus>): BackupStatus {
  const { id, descriptor, ...rest } = wire as OnTheWire<BackupStatus> & {
    descriptor?: { checkpointPosition: string };
  };
  return {
    ...rest,
    id: { ...id, checkpointId: checkpointId(BigInt(id.checkpointId)) },
    ...(descriptor !== undefined && {
      descriptor: { ...descriptor, checkpointPosition: logPosition(BigInt(descriptor.checkpointPosition)) },
    }),
  } as BackupStatus;
}
