// Backups that a real Zeebe wrote, too large to keep here. Set ZEEBE_FIXTURES to a folder with
// bucket-8.6.0.tar.gz and bucket-8.6.0-nosnapshot.tar.gz to run them; without it they are skipped, and the name
// of the suite says so.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackupFile } from '../../src/core/backup.ts';
import { checkpointId, logPosition } from '../../src/core/ids.ts';
import { selectBackup } from '../../src/partition/backup-selection.ts';
import { bytesFile } from '../../src/runtime/bytes-file.ts';
import { nodeFile } from '../../src/runtime/node-file.ts';
import { CheckpointList } from '../../src/zeebe/checkpoint-list.ts';
import { scanLog } from '../../src/zeebe/journal/scan-log.ts';
import {
  type VerifiableBackup,
  verifyPartition,
  ZeebeDataDirectory,
  ZeebeRestoreTarget,
} from '../../src/zeebe.ts';
import { sampleOrigin } from '../restore/sample-backups.ts';
import { bytesOf } from './sample-partition.ts';

const fixtures = process.env.ZEEBE_FIXTURES;
const BACKUPS = [
  { bucket: 'bucket-8.6.0-nosnapshot', backupId: 1, segments: 1 },
  { bucket: 'bucket-8.6.0', backupId: 1, segments: 1 },
  { bucket: 'bucket-8.6.0', backupId: 2, segments: 2 },
];

describe.skipIf(fixtures === undefined)(
  `a real Zeebe's backups${fixtures === undefined ? ' (NOT RUN: ZEEBE_FIXTURES is not set)' : ''}`,
  () => {
    let root: string;
    beforeAll(() => {
      root = mkdtempSync(join(tmpdir(), 'tidemark-zeebe-'));
      for (const bucket of new Set(BACKUPS.map((backup) => backup.bucket))) {
        const archive = join(fixtures ?? '', `${bucket}.tar.gz`);
        execFileSync('mkdir', ['-p', join(root, bucket)]);
        execFileSync('tar', ['xzf', archive, '-C', join(root, bucket)]);
      }
    });
    afterAll(() => rmSync(root, { recursive: true, force: true }));

    function backupOf(bucket: string, backupId: number, partitionId: number): VerifiableBackup {
      const directory = join(root, bucket, String(partitionId), String(backupId), '0');
      const files = (kind: string): BackupFile[] =>
        existsSync(join(directory, kind))
          ? readdirSync(join(directory, kind)).map((name) => nodeFile(join(directory, kind, name)))
          : [];
      const manifest = JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8'));
      const descriptor = {
        ...manifest.descriptor,
        checkpointPosition: logPosition(manifest.descriptor.checkpointPosition),
      };
      return {
        id: { checkpointId: checkpointId(backupId), partitionId },
        descriptor,
        snapshotFiles: files('snapshot'),
        segmentFiles: files('segments'),
      };
    }

    it.each(BACKUPS)('verifies backup $backupId of $bucket', async ({ bucket, backupId, segments }) => {
      for (const partitionId of [1, 2, 3]) {
        const verified = (await verifyPartition(backupOf(bucket, backupId, partitionId)))._unsafeUnwrap();
        expect(verified).toMatchObject({ restorable: true, findings: [], checkpoint: { alone: true } });
        expect(verified.segments).toHaveLength(segments);
      }
    });

    it.each(BACKUPS)(
      'restores backup $backupId of $bucket, and backs the result up again',
      async ({ bucket, backupId }) => {
        const directory = join(root, `data-${bucket}-${backupId}`);
        const backups = [1, 2, 3].map((partitionId) => backupOf(bucket, backupId, partitionId));
        const staging = await new ZeebeRestoreTarget({ directory }).begin(checkpointId(backupId));
        for (const { id, descriptor, snapshotFiles, segmentFiles } of backups) {
          const { partitionId } = id;
          for (const [kind, files] of [
            ['snapshot', snapshotFiles],
            ['segment', segmentFiles],
          ] as const) {
            for (const { name, sizeBytes, open } of files) {
              const { snapshotId } = descriptor;
              await staging.write({ partitionId, kind, snapshotId, name, sizeBytes }, open());
            }
          }
          await staging.seal(partitionId, descriptor);
        }
        await staging.install(sampleOrigin());

        const { partitions } = (await new ZeebeDataDirectory({ directory }).open())._unsafeUnwrap();
        for (const [nth, partition] of partitions.entries()) {
          const original = backups[nth]!;
          const { checkpointPosition, snapshotId } = original.descriptor;
          const state = (await partition.inspect())._unsafeUnwrap();
          expect(state.lastPosition).toBe(checkpointPosition);
          expect(state.checkpoints.at(-1)).toEqual({
            checkpointId: original.id.checkpointId,
            position: checkpointPosition,
          });
          const { snapshot, segments } = selectBackup(
            await partition.reserve(),
            checkpointPosition,
          )._unsafeUnwrap();
          expect(snapshot?.id ?? null).toBe(snapshotId);
          const segmentFiles = await Promise.all(segments.map((segment) => segment.upTo(checkpointPosition)));
          const again = { ...original, snapshotFiles: snapshot?.files ?? [], segmentFiles };
          expect((await verifyPartition(again))._unsafeUnwrap().findings).toEqual([]);
        }
      },
    );

    it('finds in a log that goes on behind the checkpoint the proof that it was agreed on', async () => {
      for (const partitionId of [1, 2, 3]) {
        const { descriptor, segmentFiles } = backupOf('bucket-8.6.0', 2, partitionId);
        const list = new CheckpointList();
        await scanLog(segmentFiles, { partitionId, onRecord: list.see });
        expect(list.agreedPosition, `partition ${partitionId}`).toBe(descriptor.checkpointPosition);
      }
    });

    it('finds sampled flips in every file up to the checkpoint', async () => {
      const whole = backupOf('bucket-8.6.0', 1, 1);
      const end = (await verifyPartition(whole))._unsafeUnwrap().checkpoint?.endOffset ?? 0;
      const files = [...whole.snapshotFiles, ...whole.segmentFiles];
      for (const file of files.filter(({ name }) => !name.endsWith('.checksum'))) {
        const bytes = await bytesOf(file.open());
        const reach = file.name.endsWith('.log') ? end : bytes.length;
        for (let sample = 0; sample < 20; sample += 1) {
          const at = Math.max(9, Math.floor((reach * sample) / 20) + (sample % 7)) % reach;
          const flipped = Buffer.from(bytes);
          flipped[at] = flipped[at]! ^ 0x10;
          const replaced = (other: BackupFile) => (other === file ? bytesFile(file.name, flipped) : other);
          const backup = {
            ...whole,
            snapshotFiles: whole.snapshotFiles.map(replaced),
            segmentFiles: whole.segmentFiles.map(replaced),
          };
          const { findings } = (await verifyPartition(backup))._unsafeUnwrap();
          expect(findings, `${file.name} at ${at}`).not.toEqual([]);
        }
      }
    });
  },
);
