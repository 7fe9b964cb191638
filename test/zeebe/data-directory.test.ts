import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { selectBackup } from '../../src/partition/backup-selection.ts';
import { verifyPartition, ZeebeDataDirectory } from '../../src/zeebe.ts';
import {
  bytesOf,
  CHECKPOINT,
  FIRST,
  SECOND,
  SNAPSHOT_ID,
  samplePartition,
  segmentFiles,
  snapshotFiles,
} from './sample-partition.ts';

describe('ZeebeDataDirectory', () => {
  let directory: string;
  let partition: string;

  /** What a broker with one partition leaves when it stops. */
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tidemark-zeebe-'));
    partition = join(directory, 'raft-partition', 'partitions', '1');
    await mkdir(join(partition, 'snapshots', SNAPSHOT_ID), { recursive: true });
    await mkdir(join(partition, 'snapshots', '9-9-9-9-0'));
    await mkdir(join(partition, 'runtime'));
    await mkdir(join(partition, 'pending'));
    await writeFile(join(partition, 'raft-partition-partition-1.meta'), new Uint8Array(256));
    await writeFile(join(partition, '.raft-partition-partition-1.lock'), '2');
    for (const file of segmentFiles())
      await writeFile(join(partition, file.name), await bytesOf(file.open()));
    for (const file of snapshotFiles()) {
      const parent = file.name.endsWith('.checksum') ? 'snapshots' : join('snapshots', SNAPSHOT_ID);
      await writeFile(join(partition, parent, file.name), await bytesOf(file.open()));
    }
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function openPartition() {
    const { partitions, nodeId } = (await new ZeebeDataDirectory({ directory }).open())._unsafeUnwrap();
    expect(nodeId).toBe(2);
    expect(partitions.map(({ partitionId }) => partitionId)).toEqual([1]);
    return partitions[0]!;
  }

  const segmentPath = (n: number) => join(partition, `raft-partition-partition-1-${n}.log`);

  it('finds the latest checkpoint, not the repeated commands that were ignored', async () => {
    const state = (await (await openPartition()).inspect())._unsafeUnwrap();
    expect(state).toEqual({
      checkpoints: [{ ...CHECKPOINT, timestamp: 1_700_000_000_000 }],
      term: 3n,
      lastPosition: 9n,
      agreedPosition: 6n,
    });
  });

  it('proves nothing agreed on where no event says that a checkpoint was processed', async () => {
    const [, inBatch = 0, behind = 0] = SECOND.offsets;
    expect(behind).toBeGreaterThan(inBatch);
    const cut = Uint8Array.from(SECOND.bytes).fill(0, behind);
    await writeFile(segmentPath(9), cut);
    const state = (await (await openPartition()).inspect())._unsafeUnwrap();
    expect(state).toEqual({
      checkpoints: [{ ...CHECKPOINT, timestamp: 1_700_000_000_000 }],
      term: 3n,
      lastPosition: 6n,
    });
  });

  it('gives a whole backup at the checkpoint, with zeros behind it, and changes nothing', async () => {
    const before = await readdir(directory, { recursive: true });
    const pinned = await (await openPartition()).reserve();
    expect(pinned.snapshots).toMatchObject([{ id: SNAPSHOT_ID, position: 4n, replayFrom: 3n }]);
    const { snapshot, segments } = selectBackup(pinned, CHECKPOINT.position)._unsafeUnwrap();
    const files = await Promise.all(segments.map((segment) => segment.upTo(CHECKPOINT.position)));
    const backup = samplePartition({ snapshotFiles: snapshot?.files ?? [], segmentFiles: files });
    expect((await verifyPartition(backup))._unsafeUnwrap()).toMatchObject({ restorable: true, findings: [] });
    const last = await bytesOf(files.at(-1)!.open());
    expect(last).toHaveLength(files.at(-1)!.sizeBytes);
    expect(last.subarray(SECOND.offsets[2]).every((byte) => byte === 0)).toBe(true);
    await pinned.release();
    await pinned.release();
    expect(await readdir(directory, { recursive: true })).toEqual(before);
  });

  it('takes a half-written last record for the end of the log, and nothing else', async () => {
    const torn = Uint8Array.from(SECOND.bytes);
    torn[SECOND.offsets[3]! + 80]! ^= 1;
    await writeFile(segmentPath(9), torn);
    const opened = await openPartition();
    expect((await opened.inspect())._unsafeUnwrap()).toMatchObject({ lastPosition: 8n });
    const damaged = Uint8Array.from(FIRST.bytes);
    damaged[FIRST.offsets[1]! + 80]! ^= 1;
    await writeFile(segmentPath(8), damaged);
    const error = (await opened.inspect())._unsafeUnwrapErr();
    expect(error.message).toContain(`file=raft-partition-partition-1-8.log offset=${FIRST.offsets[1]}`);
    await expect(opened.reserve()).rejects.toMatchObject({ name: 'BrokerFailure' });
  });

  it('is refused a damaged snapshot', async () => {
    await writeFile(join(partition, 'snapshots', SNAPSHOT_ID, 'CURRENT'), 'MANIFEST-000006\n');
    await expect((await openPartition()).reserve()).rejects.toMatchObject({
      name: 'BrokerFailure',
      message: expect.stringContaining('CURRENT'),
    });
  });

  it('refuses what is no data directory', async () => {
    const error = (await new ZeebeDataDirectory({ directory: partition }).open())._unsafeUnwrapErr();
    expect(error.name).toBe('InvalidInput');
  });

  it.runIf(process.platform === 'linux')('refuses the directory of a broker that runs', async () => {
    // SQLite takes the same kind of lock as RocksDB does.
    const running = new DatabaseSync(join(partition, 'runtime', 'LOCK'));
    running.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    const refused = await new ZeebeDataDirectory({ directory }).open();
    running.close();
    expect(refused._unsafeUnwrapErr()).toMatchObject({
      name: 'DataDirectoryInUse',
      directory,
      lock: join(partition, 'runtime', 'LOCK'),
      message: expect.stringMatching(/^the data directory is in use: .*stop it, then run this again$/),
    });
    await openPartition();
  });
});
