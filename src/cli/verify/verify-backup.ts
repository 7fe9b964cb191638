// Proves that a stored backup can be restored, copy by copy, without restoring it. It only reads.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { BackupId, StoredBackup } from '../../core/backup.ts';
import { BackupNotFound, type BrokerFailure, type StoreError } from '../../core/errors.ts';
import type { CheckpointId } from '../../core/ids.ts';
import { fromAsync } from '../../core/result.ts';
import type { BackupStatusCode } from '../../core/status.ts';
import type { BackupStore, ListBackupsError } from '../../ports/backup-store.ts';
import type { BackupVerification, CopyVerification } from './copy-verification.ts';
import { judgeCopies } from './judge-copies.ts';
import { type LocatedFinding, locateFinding } from './locate-finding.ts';
import { findingOf } from './read-all-files.ts';

export type VerifyBackupError = ListBackupsError | StoreError | BrokerFailure | BackupNotFound;

/** What one layout can tell of a copy: its damage. */
export type VerifyCopy = (
  backup: StoredBackup,
  options: { readonly signal: AbortSignal },
) => ResultAsync<readonly LocatedFinding[], StoreError | BrokerFailure>;

export interface VerifyOptions {
  readonly checkpointId: CheckpointId;
  /** Counts where no copy says how many partitions there are. */
  readonly partitionsCount: number;
  readonly signal: AbortSignal;
  /** Called before each copy is read. */
  readonly onCopy?: (id: BackupId) => void;
}

/** Reads every byte of every completed copy. Damage is no error: it is among the findings. */
export function verifyBackup(
  store: Pick<BackupStore, 'list' | 'open'>,
  verifyCopy: VerifyCopy,
  { checkpointId, partitionsCount, signal, onCopy }: VerifyOptions,
): ResultAsync<BackupVerification, VerifyBackupError> {
  return fromAsync<BackupVerification, VerifyBackupError>(async () => {
    const page = await store.list({ checkpointId }, { signal });
    if (page.isErr()) return err(page.error);
    const copies: CopyVerification[] = [];
    for (const { id, statusCode } of page.value.backups) {
      onCopy?.(id);
      const copy = await verifyOne(store, verifyCopy, id, statusCode, signal);
      if (copy.isErr()) return err(copy.error);
      copies.push(copy.value);
    }
    if (copies.every(({ state }) => state === 'DOES_NOT_EXIST')) return err(new BackupNotFound(checkpointId));
    return ok(judgeCopies(checkpointId, copies, partitionsCount));
  });
}

function verifyOne(
  store: Pick<BackupStore, 'open'>,
  verifyCopy: VerifyCopy,
  id: BackupId,
  listed: BackupStatusCode,
  signal: AbortSignal,
): ResultAsync<CopyVerification, StoreError | BrokerFailure> {
  const { partitionId, nodeId } = id;
  const nothing = { partitionId, nodeId, files: 0, bytes: 0, findings: [] };
  return fromAsync<CopyVerification, StoreError | BrokerFailure>(async () => {
    // Also where the listing says FAILED: a manifest that cannot be read is listed so.
    const opened = await store.open(id, { signal, evenIfDamaged: true });
    if (opened.isErr()) {
      const { error } = opened;
      if (error.name === 'BackupCorrupt' || error.name === 'EncryptionKeyDamaged')
        return ok({ ...nothing, state: listed, findings: [findingOf(error)] });
      if (error.name === 'InvalidBackupState') return ok({ ...nothing, state: error.actual });
      return error.name === 'BackupNotFound' ? ok({ ...nothing, state: 'DOES_NOT_EXIST' }) : err(error);
    }
    const { descriptor, snapshotFiles, segmentFiles, manifest } = opened.value;
    const files = [...snapshotFiles, ...segmentFiles];
    const bytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    return verifyCopy(opened.value, { signal }).map((findings) => ({
      partitionId,
      nodeId,
      state: 'COMPLETED' as const,
      descriptor,
      files: files.length,
      bytes,
      ...(manifest === undefined ? {} : { manifest }),
      findings: findings.map((finding) =>
        finding.file === undefined ? locateFinding(opened.value, finding) : finding,
      ),
    }));
  });
}
