// Verifies a copy in a layout that keeps a digest of every piece: reading a file to its end is the proof.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { StoredBackup } from '../../core/backup.ts';
import { BackupCorrupt, type BrokerFailure, type StoreError } from '../../core/errors.ts';
import { fromAsync } from '../../core/result.ts';
import type { Finding } from '../../zeebe/finding.ts';
import { readFailure } from '../../zeebe/read-failure.ts';

/** Reads every byte. One finding per damaged file, at the end of what could be read of it. */
export function readAllFiles(
  { snapshotFiles, segmentFiles }: StoredBackup,
  options: { readonly signal: AbortSignal },
): ResultAsync<readonly Finding[], StoreError | BrokerFailure> {
  return fromAsync<readonly Finding[], StoreError | BrokerFailure>(async () => {
    const findings: Finding[] = [];
    for (const file of [...snapshotFiles, ...segmentFiles]) {
      let offset = 0;
      try {
        for await (const part of file.open(options)) offset += part.byteLength;
      } catch (cause) {
        if (!(cause instanceof BackupCorrupt)) return err(readFailure(cause));
        findings.push({ ...findingOf(cause), offset, what: `file=${file.name} ${cause.detail}` });
      }
    }
    return ok(findings);
  });
}

/** Damage that a store found by itself. */
export function findingOf({ object, detail }: BackupCorrupt): Finding {
  const whatRestoreWouldDo = 'it refuses the backup and installs nothing';
  return { severity: 'error', object, what: detail, whatRestoreWouldDo };
}
