import {
  bytesFile,
  CheckpointProcessor,
  type CheckpointState,
  checkpointId,
  logPosition,
  PartitionBackupManager,
  silentLogger,
  systemClock,
} from 'tidemark';
import { InMemoryBackupStore } from 'tidemark/memory';

// Your broker, in short: a log of records, and the checkpoint kept beside its state.
const log = ['credit a 10\n', 'debit b 3\n'];
let checkpoint: CheckpointState | undefined;
const keep = (state: CheckpointState) => {
  checkpoint = state;
};
const checkpoints = new CheckpointProcessor({ state: { get: () => checkpoint, put: keep } });

const segment = {
  name: 'log-1',
  firstPosition: logPosition(1),
  // The log is cut right behind the checkpoint's record.
  upTo: async (position: bigint) => bytesFile('log-1', Buffer.from(log.slice(0, Number(position)).join(''))),
};
const source = {
  // Pins what is there now, in one step; what it names must not change until it is released.
  reserve: async () => ({
    snapshots: [],
    segments: [{ ...segment, lastPosition: logPosition(log.length) }],
    release: async () => {},
  }),
};

const store = new InMemoryBackupStore({ clusterId: 'my-cluster' }); // or S3BackupStore, FilesystemBackupStore
const backups = new PartitionBackupManager(
  { store, source, clock: systemClock, logger: silentLogger },
  { nodeId: 0, partitionId: 1, term: 1n, numberOfPartitions: 1, brokerVersion: '1.0.0' },
);

// A CREATE is a record like any other, processed in log order. After the commit, the backup starts.
log.push('create checkpoint 7\n');
const event = checkpoints.process({ checkpointId: checkpointId(7), position: logPosition(log.length) });
log.push('credit a 5\n'); // the broker goes on
if (event.intent === 'CREATED') await backups.take(event);

const status = await backups.status(checkpointId(7));
console.log(status.isOk() ? status.value.statusCode : status.error.message); // COMPLETED
await backups.close();
