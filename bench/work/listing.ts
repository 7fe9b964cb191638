// What questions cost among many backups of three partitions: `memory|s3 BASE_PATH BACKUPS`. Requests are counted below the store. The
// backups hold no files and were begun a minute apart; the oldest ten are pruned.
import process from 'node:process';
import pLimit from 'p-limit';
import {
  type BackupId,
  checkpointId,
  logPosition,
  type ObjectStorage,
  RetentionManager,
  systemClock,
} from 'tidemark';
import {
  MemoryObjectStorage,
  MeteredStorage,
  PrefixedObjectStorage,
  TidemarkBackupStore,
} from 'tidemark/objects';
import { S3ObjectStorage } from '../../src/objects/s3/s3-object-storage.ts';
import { type Attempt, markerKey, newAttempt } from '../../src/stores/tidemark/keys.ts';
import { encodeManifest } from '../../src/stores/tidemark/manifest.ts';
import { bucketFromEnvironment } from './bucket.ts';
import { measured } from './measured.ts';

const PARTITIONS = 3;
const PRUNED = 10;
const MINUTE = 60_000;
const NEWEST = Date.UTC(2026, 0, 1);

const [, , where = '', basePath = '', count = ''] = process.argv;
const backups = Number(count);
const storage = new MeteredStorage({ storage: placeOf() });
const store = new TidemarkBackupStore({ storage });

function placeOf(): ObjectStorage {
  if (where === 'memory') return new MemoryObjectStorage({ clock: systemClock });
  const { accessKey: accessKeyId, secretKey: secretAccessKey, ...place } = bucketFromEnvironment();
  const credentials = { accessKeyId, secretAccessKey };
  const s3 = new S3ObjectStorage({ clock: systemClock }, { ...place, credentials, forcePathStyle: true });
  return new PrefixedObjectStorage(s3, basePath);
}

/** Ids are milliseconds, as Zeebe's are. The first one is the oldest. */
const beganAt = (index: number) => NEWEST - (backups - 1 - index) * MINUTE;

function manifest(id: BackupId, attempt: Attempt): Promise<Uint8Array> {
  const createdAt = new Date(attempt.startedAtMs).toISOString();
  const descriptor = {
    snapshotId: null,
    checkpointPosition: logPosition(1_000n),
    numberOfPartitions: PARTITIONS,
    brokerVersion: '8.6.0',
  };
  const times = { createdAt, completedAt: createdAt };
  const chunks = { base: null, chunkSizeBytes: 4 * 1024 * 1024, files: [] };
  return encodeManifest({ clusterId: null, id, attempt: attempt.text, descriptor, ...times, ...chunks });
}

async function put(index: number): Promise<void> {
  for (let partitionId = 1; partitionId <= PARTITIONS; partitionId += 1) {
    const id = { checkpointId: checkpointId(BigInt(beganAt(index))), partitionId, nodeId: 0 };
    const attempt = newAttempt(1n, beganAt(index), '00000001');
    const done = await storage.put(markerKey('completed', id, attempt), await manifest(id, attempt));
    if (done.isErr()) throw done.error;
  }
}

/** All of them, or, when the newest is there from an earlier run, those that it pruned. */
async function prepare(): Promise<void> {
  const there = await store.list({ checkpointId: checkpointId(BigInt(beganAt(backups - 1))) });
  if (there.isErr()) throw there.error;
  const missing = there.value.backups.length === PARTITIONS ? PRUNED : backups;
  // Newest key first: in memory each one is put behind the last. The newest backup is put last all the same.
  const order = Array.from({ length: missing }, (_, index) => missing - 1 - index);
  await pLimit(32).map(missing === backups ? [...order.slice(1), backups - 1] : order, put);
}

async function counted(run: () => Promise<void>): Promise<{ requests: number; ms: number }> {
  const { bytesSent: _sent, bytesReceived: _received, ...before } = storage.counts();
  const started = performance.now();
  await run();
  const ms = performance.now() - started;
  const { bytesSent: _, bytesReceived: __, ...after } = storage.counts();
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((all, one) => all + one, 0);
  return { requests: sum(after) - sum(before), ms };
}

async function newest(): Promise<void> {
  const page = await store.list({ limit: 20 });
  if (page.isErr()) throw page.error;
  if (page.value.backups.length !== 20 * PARTITIONS) throw new Error('the newest twenty are others');
}

async function status(): Promise<void> {
  const id = checkpointId(BigInt(beganAt(backups >> 1)));
  const page = await store.list({ checkpointId: id, details: true });
  if (page.isErr()) throw page.error;
  const told = page.value.backups.filter(({ descriptor }) => descriptor !== undefined);
  if (told.length !== PARTITIONS) throw new Error(`${told.length} partitions told their state`);
}

async function prune(): Promise<void> {
  const policy = { keepWithinMs: (backups - 1 - PRUNED) * MINUTE };
  const manager = new RetentionManager(
    { store, clock: systemClock },
    { policy, partitionsCount: PARTITIONS },
  );
  const pruned = await manager.prune();
  if (pruned.isErr()) throw pruned.error;
  if (pruned.value.deleted.length !== PRUNED) throw new Error(`${pruned.value.deleted.length} were pruned`);
}

await prepare();
await measured(async () => {
  const list = await counted(newest);
  const one = await counted(status);
  const gone = await counted(prune);
  return {
    bytes: 0,
    listRequests: list.requests,
    listMs: list.ms,
    statusRequests: one.requests,
    statusMs: one.ms,
    pruneRequests: gone.requests,
    pruneMs: gone.ms,
  };
});
