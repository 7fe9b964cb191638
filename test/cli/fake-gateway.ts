// A gateway on loopback: the real management API over a cluster that says what a test wants.
import { errAsync, okAsync } from 'neverthrow';
import {
  type BackupError,
  type CheckpointId,
  CheckpointNotNewer,
  type ClusterBackupState,
  type ClusterBackupStatus,
  checkpointId,
} from 'tidemark';
import { type ManagementServer, managementHandler, startManagementServer } from 'tidemark/management';

export class FakeGateway {
  /** The states that a backup goes through, one per look. The last one stays. */
  states: ClusterBackupState[] = ['COMPLETED'];
  /** When set, looking at a backup ends with it. */
  failure: BackupError | undefined;
  latest: CheckpointId = checkpointId(1);
  generateIds = false;
  readonly triggered: CheckpointId[] = [];
  readonly deleted: CheckpointId[] = [];
  #server: ManagementServer | undefined;

  get url(): string {
    return this.#server?.url ?? '';
  }

  async start(bearerToken?: string): Promise<void> {
    const handler = managementHandler(
      {
        trigger: (id = checkpointId(this.latest + 1n)) => {
          if (id <= this.latest) return errAsync(new CheckpointNotNewer(id, this.latest));
          this.latest = id;
          this.triggered.push(id);
          return okAsync(id);
        },
        status: (id) => (this.failure ? errAsync(this.failure) : okAsync(this.#look(id))),
        list: () => (this.failure ? errAsync(this.failure) : okAsync({ backups: [this.#look(this.latest)] })),
        delete: (id) => {
          this.deleted.push(id);
          return okAsync(undefined);
        },
      },
      { generateIds: this.generateIds, ...(bearerToken === undefined ? {} : { bearerToken }) },
    );
    const started = await startManagementServer(handler, { port: 0 });
    if (started.isErr()) throw started.error;
    this.#server = started.value;
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }

  #look(id: CheckpointId): ClusterBackupStatus {
    const state = (this.states.length > 1 ? this.states.shift() : this.states[0]) ?? 'COMPLETED';
    const statusCode = state === 'INCOMPLETE' || state === 'INCOMPATIBLE' ? 'DOES_NOT_EXIST' : state;
    const progress = { filesDone: 1, filesTotal: 2, bytesDone: 1024, bytesTotal: 2048, bytesReused: 0 };
    const partition = { partitionId: 1, nodeId: 0, statusCode };
    return {
      checkpointId: id,
      state,
      partitions: [statusCode === 'IN_PROGRESS' ? { ...partition, progress } : partition],
      ...(state === 'FAILED' ? { failureReason: 'the disk is full' } : {}),
    };
  }
}
