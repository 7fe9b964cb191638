// What every RestoreTarget must do, as cases to run against yours: one case per promise of the port. It
// restores the sample it is given and looks at the place only through the context.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { BackupFile, BackupFileKind, StoredBackup } from '../core/backup.ts';
import { BackupCorrupt } from '../core/errors.ts';
import {
  type CheckpointId,
  checkpointId,
  type LogPosition,
  logPosition,
  type PartitionId,
} from '../core/ids.ts';
import type { RestoreOrigin } from '../core/restore-origin.ts';
import type { RestoredFile, RestoreStaging, RestoreTarget } from '../ports/restore-target.ts';
import type { ContractCase } from './contract.ts';

/** A target over an empty place of its own, and eyes and hands in that place. */
export interface RestoreTargetContext {
  /** A target over the place, as a newly started process makes it. Called more than once per case. */
  open(): RestoreTarget;
  /**
   * The bytes of a restored file where the broker looks for it; undefined when the broker would not find it.
   */
  read(file: RestoredFile): Promise<Uint8Array | undefined>;
  /** Everything that lies in the place, as names, in any order: the unchanged place gives the same names. */
  names(): Promise<readonly string[]>;
  /** Puts something into the place that a restore must not touch. */
  occupy(): Promise<void>;
  /** What to restore: `sampleRestore()`, or backups that the target's `seal` takes and leaves as they are. */
  readonly sample: readonly StoredBackup[];
  /** Where `truncateAfter` is there: a point within the sample. */
  readonly truncation?: RestoreTruncation;
}

/** A point within the sample, as a target that truncates must restore it. */
export interface RestoreTruncation {
  readonly checkpointId: CheckpointId;
  /** Of every partition of the sample. */
  readonly ends: ReadonlyMap<PartitionId, LogPosition>;
  /** What the broker finds of a segment then; undefined when it must not be there. */
  segment(file: RestoredFile): Uint8Array | undefined;
}

const ORIGIN: RestoreOrigin = {
  backupId: checkpointId(7),
  checkpointId: checkpointId(7),
  clusterId: 'sample',
  restoredAt: '2026-01-01T00:00:00.000Z',
  partitions: [1, 2].map((partitionId) => ({ partitionId, nodeId: 0, position: logPosition(7) })),
};

/** The promises of {@link RestoreTarget}, in their order. */
export const restoreTargetContract: readonly ContractCase<RestoreTargetContext>[] = [
  {
    name:
      '`occupants` names what is in the way of a restore, and changes nothing. ' +
      'Leftovers of an interrupted restore do not count.',
    async run(context) {
      const { sample } = context;
      assert.deepEqual(await context.open().occupants(), [], 'an empty place is free');
      await stage(context.open(), sample);
      const leftovers = await sorted(context.names());
      assert.deepEqual(await context.open().occupants(), [], 'leftovers are not in the way');
      assert.deepEqual(await sorted(context.names()), leftovers, '`occupants` changed something');
      await context.occupy();
      const occupied = await sorted(context.names());
      assert.notEqual((await context.open().occupants()).length, 0, 'what was put there is in the way');
      assert.deepEqual(await sorted(context.names()), occupied, '`occupants` changed something');
    },
  },
  {
    name: 'Nothing that `begin` and the staging make is visible to the broker before `install`.',
    async run(context) {
      const staging = await stage(context.open(), context.sample);
      for (const { file } of filesOf(context.sample)) assert.equal(await context.read(file), undefined);
      await staging.install(ORIGIN);
      await assertRestored(context);
    },
  },
  {
    name: '`install` is atomic for the node, and durable when it resolves: files and directories are synced.',
    async run(context) {
      // Durability cannot be seen from here; that all partitions appear, and none without `install`, can.
      const staging = await stage(context.open(), context.sample);
      const installing = staging.install(ORIGIN);
      const early = await Promise.all(filesOf(context.sample).map(({ file }) => context.read(file)));
      await installing;
      await assertRestored(context);
      for (const [index, { file, content }] of filesOf(context.sample).entries()) {
        const seen = early[index];
        if (seen !== undefined)
          assertSame(seen, await bytesOf(content.open()), `${file.name} while installing`);
      }
      assert.notEqual(
        (await context.open().occupants()).length,
        0,
        'what is installed is in the way of the next',
      );
    },
  },
  {
    name: '`discard` removes only what this restore made, and may be called twice.',
    async run(context) {
      const before = await sorted(context.names());
      const staging = await stage(context.open(), context.sample);
      await staging.discard();
      await staging.discard();
      assert.deepEqual(await sorted(context.names()), before, 'something of the restore is left');
      const again = await stage(context.open(), context.sample);
      await context.occupy();
      await again.discard();
      assert.notEqual((await context.open().occupants()).length, 0, 'what someone else put there is gone');
    },
  },
  {
    name: 'A restore that died at any point can be run again.',
    async run(context) {
      const { sample } = context;
      const [first] = sample;
      assert.ok(first !== undefined, 'the sample is empty');
      await context.open().begin(first.id.checkpointId);
      const half = await context.open().begin(first.id.checkpointId);
      await writeFiles(half, [first]);
      await stage(context.open(), sample);
      // A restore of another backup died too. Not sealed: a target may know that these files are not of that one.
      const other = await context.open().begin(checkpointId(first.id.checkpointId + 1n));
      await writeFiles(other, sample);
      assert.deepEqual(await context.open().occupants(), []);
      const last = await stage(context.open(), sample);
      await last.install(ORIGIN);
      await assertRestored(context);
    },
  },
  {
    name: 'An error thrown by `content` is passed on as it is.',
    async run(context) {
      const [one] = filesOf(context.sample);
      const [backup] = context.sample;
      assert.ok(one !== undefined && backup !== undefined, 'the sample is empty');
      const before = await sorted(context.names());
      const staging = await context.open().begin(backup.id.checkpointId);
      const thrown = new BackupCorrupt('chunk', 'planted damage');
      await assert.rejects(
        staging.write(one.file, failing(one.content, thrown)),
        (error) => error === thrown,
      );
      await staging.discard();
      assert.deepEqual(await sorted(context.names()), before, 'something of the restore is left');
    },
  },
  {
    name: 'Of `truncateAfter`: in the log that is installed, the record at the given position is the last one.',
    async run(context) {
      const { sample, truncation } = context;
      if (truncation === undefined) {
        const { truncateAfter } = context.open();
        assert.equal(truncateAfter, undefined, 'a target that truncates is tried with a `truncation`');
        return;
      }
      const { ends } = truncation;
      const target = context.open().truncateAfter?.(ends);
      assert.ok(target !== undefined, 'there is a `truncation` and no `truncateAfter`');
      const staging = await target.begin(truncation.checkpointId);
      await writeFiles(staging, sample);
      for (const { id, descriptor } of sample) {
        const checkpointPosition = ends.get(id.partitionId) ?? descriptor.checkpointPosition;
        await staging.seal(id.partitionId, { ...descriptor, checkpointPosition });
      }
      await staging.install(ORIGIN);
      for (const { file, content } of filesOf(sample)) {
        const isSegment = file.kind === 'segment';
        const expected: Uint8Array | undefined = isSegment
          ? truncation.segment(file)
          : await bytesOf(content.open());
        const found = await context.read(file);
        const label = `${file.kind} ${file.name} of partition ${file.partitionId}`;
        assert.equal(found === undefined, expected === undefined, `there or not: ${label}`);
        if (found !== undefined && expected !== undefined) assertSame(found, expected, label);
      }
    },
  },
  {
    name:
      'Of `restoredFrom`: it gives what `install` was given, from the moment that the data is visible, and ' +
      'nothing before.',
    async run(context) {
      const { sample } = context;
      if (context.open().restoredFrom === undefined) return;
      assert.equal(await context.open().restoredFrom?.(), undefined, 'nothing was restored');
      const staging = await stage(context.open(), sample);
      assert.equal(await context.open().restoredFrom?.(), undefined, 'nothing is visible yet');
      await staging.install(ORIGIN);
      assert.deepEqual(await context.open().restoredFrom?.(), ORIGIN);
    },
  },
  {
    name: 'Of `keep`: what it keeps are bytes of the file, by the digests of the pieces, whatever was left there.',
    run: keepsWhatFits,
  },
];

/** Two partitions with a snapshot and a log, one of them with an empty file, and one without a snapshot. */
export function sampleRestore(): readonly StoredBackup[] {
  return [1, 2, 3].map((partitionId) => ({
    id: { checkpointId: checkpointId(7), partitionId, nodeId: 0 },
    descriptor: {
      snapshotId: partitionId === 3 ? null : `snapshot-${partitionId}`,
      checkpointPosition: logPosition(100 * partitionId),
      numberOfPartitions: 3,
      brokerVersion: 'sample',
    },
    createdAt: '2026-01-01T00:00:00.000Z',
    snapshotFiles:
      partitionId === 3
        ? []
        : [sampleFile('state.db', 300_000), sampleFile('empty', 0), sampleFile('one', 1)],
    segmentFiles: [sampleFile('segment-1.log', 70_000), sampleFile('segment-2.log', partitionId)],
  }));
}

function sampleFile(name: string, sizeBytes: number): BackupFile {
  const bytes = Uint8Array.from({ length: sizeBytes }, (_, index) => (index * 31 + name.length) % 251);
  return {
    name,
    sizeBytes,
    async *open() {
      for (let start = 0; start < sizeBytes; start += 65_536) yield bytes.subarray(start, start + 65_536);
    },
  };
}

interface SampledFile {
  readonly file: RestoredFile;
  readonly content: BackupFile;
}

function filesOf(backups: readonly StoredBackup[]): SampledFile[] {
  return backups.flatMap((backup) => [
    ...ofKind(backup, 'snapshot', backup.snapshotFiles),
    ...ofKind(backup, 'segment', backup.segmentFiles),
  ]);
}

function ofKind(backup: StoredBackup, kind: BackupFileKind, files: readonly BackupFile[]): SampledFile[] {
  const { partitionId } = backup.id;
  const snapshotId = kind === 'snapshot' ? backup.descriptor.snapshotId : null;
  return files.map((content) => {
    const { name, sizeBytes } = content;
    return { file: { partitionId, kind, snapshotId, name, sizeBytes }, content };
  });
}

/** Two restores that died, of which one wrote other bytes in every second file; and a third that keeps what it can. */
async function keepsWhatFits(context: RestoreTargetContext): Promise<void> {
  const { sample } = context;
  const id = sample[0]?.id.checkpointId ?? checkpointId(1);
  await writeFiles(await context.open().begin(id), sample);
  const wrong = await context.open().begin(id);
  for (const [index, { file, content }] of filesOf(sample).entries()) {
    const bytes = Uint8Array.from(await bytesOf(content.open()));
    if (index % 2 === 1 && bytes.byteLength > 0) bytes[0] = (bytes[0] ?? 0) ^ 1;
    await wrong.write(file, given([bytes]));
  }
  const staging = await context.open().begin(id);
  const { signal } = new AbortController();
  for (const { file, content } of filesOf(sample)) {
    const bytes = await bytesOf(content.open());
    const pieces = [bytes.subarray(0, 1000), bytes.subarray(1000)].filter(({ byteLength }) => byteLength > 0);
    const digests = pieces.map((piece) => ({
      sizeBytes: piece.byteLength,
      sha256: createHash('sha256').update(piece).digest('hex'),
    }));
    const kept = (await staging.keep?.(file, digests, signal)) ?? 0;
    assert.ok(kept <= pieces.length, `kept ${kept} of ${pieces.length} pieces`);
    await staging.write(file, given(pieces.slice(kept)));
  }
  for (const {
    id: { partitionId },
    descriptor,
  } of sample)
    await staging.seal(partitionId, descriptor);
  await staging.install(ORIGIN);
  await assertRestored(context);
}

async function* given(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

/** A restore up to the point where only `install` is left. */
async function stage(target: RestoreTarget, backups: readonly StoredBackup[]): Promise<RestoreStaging> {
  const staging = await target.begin(backups[0]?.id.checkpointId ?? checkpointId(1));
  await writeFiles(staging, backups);
  for (const backup of backups) await staging.seal(backup.id.partitionId, backup.descriptor);
  return staging;
}

async function writeFiles(staging: RestoreStaging, backups: readonly StoredBackup[]): Promise<void> {
  await Promise.all(filesOf(backups).map(({ file, content }) => staging.write(file, content.open())));
}

async function assertRestored(context: RestoreTargetContext): Promise<void> {
  for (const { file, content } of filesOf(context.sample)) {
    const label = `${file.kind} ${file.name} of partition ${file.partitionId}`;
    const found = await context.read(file);
    assert.ok(found !== undefined, `not there: ${label}`);
    assertSame(found, await bytesOf(content.open()), label);
  }
}

function assertSame(actual: Uint8Array, expected: Uint8Array, label: string): void {
  assert.ok(Buffer.compare(actual, expected) === 0, `other bytes: ${label}`);
}

async function* failing(content: BackupFile, error: Error): AsyncGenerator<Uint8Array> {
  for await (const chunk of content.open()) {
    yield chunk.subarray(0, Math.ceil(chunk.byteLength / 2));
    throw error;
  }
  throw error;
}

async function bytesOf(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function sorted(names: Promise<readonly string[]>): Promise<readonly string[]> {
  return [...(await names)].sort();
}
