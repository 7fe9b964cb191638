import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BackupDescriptor, BackupFile } from '../../src/core/backup.ts';
import { checkpointId, logPosition } from '../../src/core/ids.ts';
import { bytesFile } from '../../src/runtime/bytes-file.ts';
import { type ContractSubject, describeContract } from '../../src/testkit/contract.ts';
import {
  type RestoreTargetContext,
  restoreTargetContract,
} from '../../src/testkit/restore-target-contract.ts';
import { type VerifiableBackup, ZeebeRestoreTarget } from '../../src/zeebe.ts';
import { sampleOrigin } from '../restore/sample-backups.ts';
import { buildSegment, segmentFile } from './build-log.ts';
import {
  bytesOf,
  CHECKPOINT,
  FIRST,
  SECOND,
  SNAPSHOT_ID,
  samplePartition,
  segmentFiles,
} from './sample-partition.ts';

const PARTITIONS = join('raft-partition', 'partitions');

/** Ends with the checkpoint, so that nothing is cut: the contract compares whole files. */
const ENDING = buildSegment({ id: 2, index: 5, position: 5, records: [[{ create: 6 }], [{ create: 7 }]] });
/** Ends with a marker before that: zeros behind it, up to the size that Zeebe gives a segment. */
const CUT = Buffer.concat([
  ENDING.bytes.subarray(0, ENDING.offsets[1]),
  Buffer.alloc(ENDING.bytes.length - (ENDING.offsets[1] ?? 0)),
]);

function endingPartition(partitionId: number) {
  const backup = samplePartition();
  return {
    ...backup,
    id: { ...CHECKPOINT, partitionId, nodeId: 0 },
    createdAt: '2026-01-01T00:00:00.000Z',
    segmentFiles: [segmentFile(partitionId, 1, FIRST.bytes), segmentFile(partitionId, 2, ENDING.bytes)],
  };
}

async function openPlace(name: string): Promise<ContractSubject<RestoreTargetContext>> {
  const root = await mkdtemp(join(tmpdir(), 'tidemark-zeebe-'));
  const directory = join(root, name);
  return {
    context: {
      open: () => new ZeebeRestoreTarget({ directory }),
      read: ({ partitionId, kind, name: file, snapshotId }) => {
        const partition = join(directory, PARTITIONS, String(partitionId));
        const inSnapshots = file.endsWith('.checksum') ? file : join(snapshotId ?? '', file);
        const path = kind === 'segment' ? file : join('snapshots', inSnapshots);
        return readFile(join(partition, path)).catch(() => undefined);
      },
      names: () => readdir(root, { recursive: true }),
      async occupy() {
        await mkdir(directory, { recursive: true });
        await writeFile(join(directory, 'precious.txt'), 'precious');
      },
      sample: [endingPartition(1), endingPartition(2)],
      truncation: {
        checkpointId: checkpointId(6),
        ends: new Map([1, 2].map((partitionId) => [partitionId, logPosition(5)])),
        segment: ({ name }) => (name.endsWith('-2.log') ? CUT : FIRST.bytes),
      },
    },
    close: () => rm(root, { recursive: true }),
  };
}

describeContract({ describe, it }, 'ZeebeRestoreTarget over no directory', restoreTargetContract, () =>
  openPlace('deep/data'),
);
describeContract({ describe, it }, 'ZeebeRestoreTarget over an empty directory', restoreTargetContract, () =>
  openPlace(''),
);

describe('ZeebeRestoreTarget', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tidemark-zeebe-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function restore({ descriptor, snapshotFiles, segmentFiles }: VerifiableBackup): Promise<void> {
    const staging = await new ZeebeRestoreTarget({ directory }).begin(CHECKPOINT.checkpointId);
    const write = (kind: 'snapshot' | 'segment', files: readonly BackupFile[]) =>
      files.map(({ name, sizeBytes, open }) =>
        staging.write(
          {
            partitionId: 1,
            kind,
            snapshotId: kind === 'snapshot' ? descriptor.snapshotId : null,
            name,
            sizeBytes,
          },
          open(),
        ),
      );
    try {
      await Promise.all([...write('snapshot', snapshotFiles), ...write('segment', segmentFiles)]);
      await staging.seal(1, descriptor);
      await staging.install(sampleOrigin());
    } catch (cause) {
      await staging.discard();
      throw cause;
    }
  }

  it('makes the tree that Zeebe looks for, and a log that ends with the checkpoint', async () => {
    await restore(samplePartition());
    const names = await readdir(join(directory, PARTITIONS, '1'), { recursive: true });
    expect(names.sort()).toEqual([
      'raft-partition-partition-1-8.log',
      'raft-partition-partition-1-9.log',
      'snapshots',
      `snapshots/${SNAPSHOT_ID}`,
      `snapshots/${SNAPSHOT_ID}.checksum`,
      ...['000010.sst', 'CURRENT', 'zeebe.metadata'].map((name) => `snapshots/${SNAPSHOT_ID}/${name}`),
    ]);
    const read = (name: string) =>
      readFile(join(directory, PARTITIONS, '1', `raft-partition-partition-1-${name}.log`));
    expect((await read('8')).equals(FIRST.bytes)).toBe(true);
    const end = SECOND.offsets[2]!;
    const expected = Buffer.concat([SECOND.bytes.subarray(0, end), Buffer.alloc(8192 - end)]);
    expect((await read('9')).equals(expected)).toBe(true);
  });

  it('drops the segments behind the checkpoint, and restores without a snapshot', async () => {
    const descriptor: BackupDescriptor = { ...samplePartition().descriptor, snapshotId: null };
    const third = buildSegment({ id: 3, index: 9, position: 10, records: [[{ other: 'z' }]] });
    await restore({
      ...samplePartition({ descriptor, snapshotFiles: [] }),
      segmentFiles: [...segmentFiles().slice(1), segmentFile(1, 10, third.bytes)],
    });
    const names = await readdir(join(directory, PARTITIONS, '1'));
    expect(names.sort()).toEqual(['raft-partition-partition-1-8.log', 'raft-partition-partition-1-9.log']);
  });

  it('is stopped by damage, installs nothing and leaves nothing', async () => {
    const flip = async (file: BackupFile, at: number) => {
      const bytes = Uint8Array.from(await bytesOf(file.open()));
      bytes[at] = bytes[at]! ^ 1;
      return bytesFile(file.name, bytes);
    };
    const { snapshotFiles, segmentFiles: segments } = samplePartition();
    const damaged = [
      samplePartition({ segmentFiles: [segments[1]!, await flip(segments[2]!, FIRST.offsets[2]! + 70)] }),
      samplePartition({ segmentFiles: [segments[1]!] }),
      samplePartition({ snapshotFiles: [await flip(snapshotFiles[0]!, 5), ...snapshotFiles.slice(1)] }),
      samplePartition({ snapshotFiles: snapshotFiles.slice(1) }),
      samplePartition({
        descriptor: { ...samplePartition().descriptor, checkpointPosition: logPosition(5) },
      }),
    ];
    for (const backup of damaged) {
      await expect(restore(backup)).rejects.toMatchObject({ name: 'BackupCorrupt' });
      // The directory was there before; what was made in it is gone.
      expect(await readdir(directory)).toEqual([]);
    }
  });

  it("names Zeebe's data as occupants", async () => {
    await restore(samplePartition());
    await writeFile(join(directory, '.topology.meta'), '');
    const target = new ZeebeRestoreTarget({ directory });
    expect(await target.occupants()).toEqual(['.topology.meta', 'raft-partition/partitions']);
  });
});
