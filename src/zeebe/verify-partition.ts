// Proves from its bytes that a partition backup of a Zeebe can be restored, without restoring it. It goes
// further than Zeebe's own restore: it also finds a missing first segment and a record that is not the
// checkpoint's. It changes nothing.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { BackupFile, BackupId, StoredBackup } from '../core/backup.ts';
import type { BrokerFailure, StoreError } from '../core/errors.ts';
import { fromAsync } from '../core/result.ts';
import type { Finding } from './finding.ts';
import { type CheckpointLocation, CheckpointSearch } from './journal/checkpoint-search.ts';
import { type LogDamage, type ScannedLog, type ScannedSegment, scanLog } from './journal/scan-log.ts';
import { segmentNumber } from './journal/segment-name.ts';
import { readFailure } from './read-failure.ts';
import { type VerifiedSnapshot, verifySnapshot } from './snapshot/verify-snapshot.ts';

/** What there is to verify: a stored backup, or files that are to become one. */
export interface VerifiableBackup
  extends Pick<StoredBackup, 'descriptor' | 'snapshotFiles' | 'segmentFiles'> {
  readonly id: Pick<BackupId, 'checkpointId' | 'partitionId'>;
}

export interface PartitionVerification {
  /** No finding is an error. */
  readonly restorable: boolean;
  /** The snapshot's first, then the log's. */
  readonly findings: readonly Finding[];
  /** Where the checkpoint is in the log; absent when it was not found. */
  readonly checkpoint?: CheckpointLocation;
  readonly snapshot: Pick<VerifiedSnapshot, 'id' | 'metadata'> | null;
  /** In the order of the log. */
  readonly segments: readonly ScannedSegment[];
}

/** Why a verification came to no end. Damage is no reason: it is a finding. */
export type VerifyPartitionError = StoreError | BrokerFailure;

/** Reads every byte of the backup once, as streams. */
export function verifyPartition(
  backup: VerifiableBackup,
  options: { readonly signal?: AbortSignal } = {},
): ResultAsync<PartitionVerification, VerifyPartitionError> {
  return fromAsync<PartitionVerification, VerifyPartitionError>(async () => {
    try {
      return ok(await verify(backup, options));
    } catch (cause) {
      return err(readFailure(cause));
    }
  });
}

async function verify(
  backup: VerifiableBackup,
  options: { readonly signal?: AbortSignal },
): Promise<PartitionVerification> {
  const { id, descriptor, snapshotFiles, segmentFiles } = backup;
  const { checkpointPosition, snapshotId } = descriptor;
  const snapshot = snapshotId === null ? null : await verifySnapshot(snapshotId, snapshotFiles, options);
  const search = new CheckpointSearch(checkpointPosition, id.checkpointId);
  const log = await scanLog(segmentFiles, { ...options, partitionId: id.partitionId, onRecord: search.see });
  const findings = [
    ...(snapshot?.findings ?? []),
    ...snapshotAgainstCheckpoint(snapshot, checkpointPosition),
    ...foreignFiles(backup),
    ...damageFindings(log, search.found),
    ...firstIndexFindings(log, snapshot),
    ...checkpointFindings(log, search.found, checkpointPosition),
    ...tailFindings(log, search.found),
  ];
  return {
    restorable: findings.every(({ severity }) => severity !== 'error'),
    findings,
    ...(search.found && { checkpoint: search.found }),
    snapshot: snapshot && {
      ...(snapshot.id && { id: snapshot.id }),
      ...(snapshot.metadata && { metadata: snapshot.metadata }),
    },
    segments: log.segments,
  };
}

function snapshotAgainstCheckpoint(snapshot: VerifiedSnapshot | null, checkpointPosition: bigint): Finding[] {
  return (['processedPosition', 'lastFollowupEventPosition'] as const).flatMap((name) => {
    const position = snapshot?.metadata?.[name];
    if (position === undefined || position < checkpointPosition) return [];
    return {
      severity: 'error',
      object: 'zeebe.metadata',
      what: `it is newer than the checkpoint: ${name}=${position} checkpointPosition=${checkpointPosition}`,
      whatRestoreWouldDo: "Zeebe's restore takes it; the state would hold what came after the checkpoint",
    };
  });
}

function foreignFiles({ id, descriptor, snapshotFiles, segmentFiles }: VerifiableBackup): Finding[] {
  const isForeign = ({ name }: BackupFile) => segmentNumber(name, id.partitionId) === undefined;
  const findings: Finding[] = segmentFiles.filter(isForeign).map(({ name }) => ({
    severity: 'error',
    object: name,
    what: `it is no segment of partition ${id.partitionId} by its name`,
    whatRestoreWouldDo: "Zeebe's restore leaves it unread in the partition's directory",
  }));
  if (descriptor.snapshotId === null && snapshotFiles.length > 0) {
    findings.push({
      severity: 'error',
      object: snapshotFiles[0]?.name ?? '',
      what: 'there are snapshot files, but the descriptor names no snapshot',
      whatRestoreWouldDo: "Zeebe's restore leaves them out",
    });
  }
  return findings;
}

/** Damage before the checkpoint loses it. What lies behind it is cut off anyway, but has to be read before. */
function damageFindings(log: ScannedLog, checkpoint: CheckpointLocation | undefined): Finding[] {
  const isBehind = ({ segment, offset, isUnreadable }: LogDamage) =>
    isUnreadable !== true &&
    checkpoint !== undefined &&
    (segment > checkpoint.segment || (segment === checkpoint.segment && offset >= checkpoint.endOffset));
  const toFinding = (damage: LogDamage, severity: Finding['severity'], restore: string): Finding => ({
    severity,
    object: damage.object,
    offset: damage.offset,
    what: damage.what,
    whatRestoreWouldDo: restore,
  });
  return [
    ...log.damage.map((damage) =>
      isBehind(damage)
        ? toFinding(damage, 'warning', 'it cuts the log before it, behind the checkpoint')
        : toFinding(
            damage,
            'error',
            "it is refused; Zeebe's own restore may cut the log here and lose the rest",
          ),
    ),
    ...log.oddities.map((oddity) => toFinding(oddity, 'warning', 'it reads the record all the same')),
  ];
}

/**
 * The log must begin where the snapshot ends, or at its very first record. Zeebe's restore does not look. Where the
 * segments before are there and damaged, that is what is told.
 */
function firstIndexFindings({ segments, damage }: ScannedLog, snapshot: VerifiedSnapshot | null): Finding[] {
  const begin = segments.findIndex(({ descriptor }) => descriptor !== undefined);
  const first = segments[begin];
  const firstIndex = first?.descriptor?.index;
  if (first === undefined || firstIndex === undefined || firstIndex === 1n) return [];
  if (damage.some(({ segment }) => segment < begin)) return [];
  const snapshotIndex = snapshot?.id?.index ?? 0n;
  if (snapshotIndex > 0n && snapshotIndex + 1n >= firstIndex) return [];
  const due =
    snapshotIndex > 0n ? `the snapshot ends at index ${snapshotIndex}` : 'no snapshot stands before it';
  return [
    {
      severity: 'error',
      object: first.file.name,
      offset: 0,
      what: `a first segment is missing: the log begins at index ${firstIndex}, but ${due}`,
      whatRestoreWouldDo:
        "Zeebe's restore does not notice; the restored broker refuses to start the partition",
    },
  ];
}

function checkpointFindings(
  log: ScannedLog,
  checkpoint: CheckpointLocation | undefined,
  position: bigint,
): Finding[] {
  if (checkpoint === undefined) {
    if (isSwallowed(log, position)) return [];
    const last = log.segments.findLast(({ records }) => records > 0) ?? log.segments.at(-1);
    const reach = last?.lastPosition === undefined ? 'no position at all' : `position ${last.lastPosition}`;
    const tail = last?.end.verdict === 'stale' ? '; the bytes behind the end are not zeros' : '';
    return [
      {
        severity: 'error',
        object: last?.file.name ?? 'segments',
        ...(last && { offset: last.end.offset }),
        what: `the checkpoint at position ${position} is not in the log, which reaches to ${reach}${tail}`,
        whatRestoreWouldDo: 'it fails, because the checkpoint is not found',
      },
    ];
  }
  const { mismatch, alone, offset, lowestPosition, highestPosition } = checkpoint;
  const at = { object: log.segments[checkpoint.segment]?.file.name ?? '', offset };
  if (mismatch !== undefined) {
    const restore = "Zeebe's restore does not look; the restored log would not end with this checkpoint";
    return [{ severity: 'error', ...at, what: mismatch, whatRestoreWouldDo: restore }];
  }
  if (alone) return [];
  return [
    {
      severity: 'warning',
      ...at,
      what: `position ${position} lies inside a record with ${lowestPosition} to ${highestPosition}`,
      whatRestoreWouldDo:
        lowestPosition < position
          ? "tidemark's restore keeps the record whole; Zeebe's own does not find the checkpoint"
          : 'it keeps the record whole, with the positions behind the checkpoint',
    },
  ];
}

/** Whether damage, which is told already, stands where the position would be. */
function isSwallowed({ segments, damage }: ScannedLog, position: bigint): boolean {
  const end = segments.findLastIndex(({ records }) => records > 0);
  const reached = segments.findLast(({ lastPosition }) => lastPosition !== undefined)?.lastPosition;
  if (reached !== undefined && reached > position) return damage.length > 0;
  return damage.some(({ segment }) => segment >= end);
}

/** Bytes of older records behind the end of a segment: harmless to read, and a hint that something cut it. */
function tailFindings(log: ScannedLog, checkpoint: CheckpointLocation | undefined): Finding[] {
  if (checkpoint === undefined) return [];
  return log.segments.flatMap(({ file, end }, index) => {
    if (end.verdict !== 'stale') return [];
    const isWholeSegment = index < checkpoint.segment;
    return {
      severity: 'warning',
      object: file.name,
      offset: end.offset,
      what: 'bytes that are not zeros follow the end of the log',
      whatRestoreWouldDo: isWholeSegment
        ? 'it leaves them; who reads the segment ends before them'
        : "tidemark's restore writes zeros there; Zeebe's own leaves them",
    };
  });
}
