// Zeebe's own S3 store and this one on one server: each lists, reads and restores what the other wrote, byte for byte.
// Runs only when ZEEBE_STORE names a program that drives Zeebe's store (save, restore, list, status, delete over a
// bucket) and S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY and S3_SECRET_KEY name a server that both reach.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CreateBucketCommand, DeleteBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkpointId, logPosition } from '../../src/core/ids.ts';
import type { PartitionBackup } from '../../src/index.ts';
import { systemRandom } from '../../src/runtime/system-random.ts';
import { ZeebeS3BackupStore } from '../../src/stores/zeebe-s3-backup-store.ts';
import { assertSameBackup, sampleBytes, sampleFile } from '../../src/testkit/sample-backups.ts';

const { ZEEBE_STORE, S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY, S3_SECRET_KEY } = process.env;
const canRun = ZEEBE_STORE !== undefined && S3_ENDPOINT !== undefined;
const MINUTES = 60_000;

if (!canRun) {
  process.stderr.write(
    "compat: NOT RUN against Zeebe's own S3 store: set ZEEBE_STORE to the program that drives it, and S3_ENDPOINT, " +
      'S3_REGION, S3_ACCESS_KEY and S3_SECRET_KEY to an S3 server\n',
  );
}

const bucket = `compat-${systemRandom.hex(6)}`;

async function zeebe(args: readonly string[], compression?: string): Promise<string> {
  const env = { ...process.env, ...(compression === undefined ? {} : { S3_COMPRESSION: compression }) };
  const [verb = '', ...rest] = args;
  const { stdout } = await promisify(execFile)(ZEEBE_STORE ?? '', [verb, bucket, ...rest], { env });
  return stdout;
}

function ours(compression: 'zstd' | 'none' = 'none') {
  return new ZeebeS3BackupStore({
    endpoint: S3_ENDPOINT,
    region: S3_REGION,
    bucketName: bucket,
    accessKey: S3_ACCESS_KEY,
    secretKey: S3_SECRET_KEY,
    forcePathStyleAccess: true,
    compression,
  });
}

/** Files as Zeebe names them: one that is compressed well, one that is not, and one that goes in parts. */
function backupOf(checkpoint: number, partitionId: number): PartitionBackup {
  const log = sampleBytes(9 * 1024 * 1024, partitionId).map((byte, index) => (index < 5_000_000 ? byte : 0));
  return {
    id: { checkpointId: checkpointId(checkpoint), partitionId, nodeId: 0 },
    term: 1n,
    descriptor: {
      snapshotId: '10-1-20-15',
      checkpointPosition: logPosition(2n ** 53n + 1n),
      numberOfPartitions: 2,
      brokerVersion: '8.6.0',
    },
    snapshotFiles: [
      sampleFile('10-1-20-15.checksum', 200, 1),
      sampleFile('CURRENT', 16, 2),
      sampleFile('000010.sst', 20_000_000, partitionId),
      sampleFile('LOCK', 0),
    ],
    segmentFiles: [
      sampleFile(`raft-partition-partition-${partitionId}-1.log`, log),
      sampleFile(`raft-partition-partition-${partitionId}-2.log`, 8 * 1024 * 1024, 9),
    ],
  };
}

async function contentOf(file: PartitionBackup['segmentFiles'][number]): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(file.open()));
}

describe.runIf(canRun)("Zeebe's own S3 store", () => {
  let directory = '';
  let client: S3Client | undefined;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'compat-'));
    const credentials = { accessKeyId: S3_ACCESS_KEY ?? '', secretAccessKey: S3_SECRET_KEY ?? '' };
    const settings = { endpoint: S3_ENDPOINT ?? '', region: S3_REGION ?? 'us-east-1', credentials };
    client = new S3Client({ ...settings, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  });
  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
    const store = ours();
    for (const { id } of (await store.list({}))._unsafeUnwrap().backups)
      (await store.delete(id))._unsafeUnwrap();
    await store.close();
    await client?.send(new DeleteBucketCommand({ Bucket: bucket }));
    client?.destroy();
  });

  it.each([
    [1, 'none'],
    [2, 'zstd'],
  ] as const)(
    'restores what we wrote: checkpoint %i, compression %s',
    { timeout: 2 * MINUTES },
    async (id, how) => {
      const store = ours(how);
      const backups = [backupOf(id, 1), backupOf(id, 2)];
      for (const backup of backups) (await store.save(backup))._unsafeUnwrap();
      await store.close();
      const status = await zeebe(['status', String(id), '2']);
      expect(status.match(/COMPLETED/g)).toHaveLength(2);
      expect(status).toContain('9007199254740993');
      const target = join(directory, `restored-${id}`);
      await zeebe(['restore', String(id), '2', target]);
      for (const { id: of, snapshotFiles, segmentFiles } of backups) {
        const files = [...snapshotFiles, ...segmentFiles];
        const restored = join(target, String(of.partitionId));
        expect((await readdir(restored)).sort()).toEqual(files.map(({ name }) => name).sort());
        for (const file of files) {
          const bytes = await readFile(join(restored, file.name));
          expect(bytes.equals(await contentOf(file)), file.name).toBe(true);
        }
      }
    },
  );

  it.each([
    [11, undefined],
    [12, 'zstd'],
  ] as const)(
    'writes what we read: checkpoint %i, compression %s',
    { timeout: 2 * MINUTES },
    async (id, how) => {
      const backups = [backupOf(id, 1), backupOf(id, 2)];
      const source = join(directory, `source-${id}`);
      for (const { id: of, snapshotFiles, segmentFiles } of backups) {
        for (const [folder, files] of Object.entries({ snapshot: snapshotFiles, segments: segmentFiles })) {
          const to = join(source, String(of.partitionId), folder);
          await mkdir(to, { recursive: true });
          for (const file of files) await writeFile(join(to, file.name), await contentOf(file));
        }
      }
      await zeebe(['save', String(id), '2', source, '10-1-20-15', String(2n ** 53n + 1n)], how);
      const store = ours();
      const { backups: rows } = (
        await store.list({ checkpointId: checkpointId(id), details: true })
      )._unsafeUnwrap();
      expect(rows.map(({ id: of, statusCode }) => [of.partitionId, statusCode])).toEqual([
        [1, 'COMPLETED'],
        [2, 'COMPLETED'],
      ]);
      for (const backup of backups) {
        await assertSameBackup((await store.open(backup.id))._unsafeUnwrap(), backup);
      }
      await store.close();
    },
  );

  it('lists what we failed as we do, and deletes it', { timeout: 2 * MINUTES }, async () => {
    const store = ours();
    const { id } = backupOf(20, 1);
    (await store.markFailed(id, 'the reason', { term: 1n }))._unsafeUnwrap();
    const listed = await zeebe(['list']);
    expect(listed).toMatch(/FAILED.*the reason|the reason.*FAILED/);
    await zeebe(['delete', '20', '1']);
    expect((await store.list(id))._unsafeUnwrap().backups).toEqual([]);
    await store.close();
  });

  it('finds nothing of what we deleted', { timeout: 2 * MINUTES }, async () => {
    const store = ours();
    for (const id of [1, 11]) {
      for (const partition of [1, 2]) (await store.delete(backupOf(id, partition).id))._unsafeUnwrap();
      const status = await zeebe(['status', String(id), '2']);
      expect(status.match(/DOES_NOT_EXIST/g)).toHaveLength(2);
    }
    await store.close();
  });
});
