// Restores one backup of the month into an empty directory and audits the ledger that comes out of it against what its clients
// were promised before it was triggered.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CheckpointId,
  DirectoryRestoreTarget,
  RestoreManager,
  silentLogger,
  systemClock,
} from 'tidemark';
import { proveRestored } from '../../examples/demo/proof.ts';
import { readRestored } from '../../examples/demo/restored.ts';
import type { BackupStore } from '../../src/ports/backup-store.ts';
import { DEPOSITED, type MonthLedger, PARTITIONS } from './month-ledger.ts';

/** Throws when the backup is not what it should be. */
export async function checkRestored(
  ledger: MonthLedger,
  store: BackupStore,
  id: CheckpointId,
  scratch: string,
): Promise<void> {
  const partitionIds = Array.from({ length: PARTITIONS }, (_, index) => index + 1);
  const dataDirectory = join(scratch, 'restored');
  mkdirSync(dataDirectory, { recursive: true });
  const manager = new RestoreManager(
    {
      store,
      target: new DirectoryRestoreTarget({ directory: dataDirectory }),
      clock: systemClock,
      logger: silentLogger,
    },
    { nodeId: 0, partitionsCount: PARTITIONS, partitionIds },
  );
  const report = await manager.restore(id);
  if (report.isErr()) throw report.error;
  const listed = await store.list({ checkpointId: id, details: true });
  if (listed.isErr()) throw listed.error;
  const cut = new Map(
    listed.value.backups.map(({ id: { partitionId }, descriptor }) => [
      partitionId,
      descriptor?.checkpointPosition ?? 0n,
    ]),
  );
  const node = { nodeId: 0, url: '', managementUrl: '', pid: null, dataDirectory, partitions: partitionIds };
  const restored = await readRestored([node], join(scratch, 'examined'));
  const acknowledged = new Set(ledger.acknowledged.slice(0, ledger.promised.get(id) ?? 0));
  const promised = { backupId: Number(id), cut, sent: ledger.sent, acknowledged, deposited: DEPOSITED };
  const broken = proveRestored(restored, promised).filter(({ holds }) => !holds);
  if (broken.length > 0) {
    const claims = broken.map(({ claim, numbers }) => `not so: ${claim} (${numbers})`);
    throw new Error(`backup ${id} was restored, and ${claims.join('; ')}`);
  }
  rmSync(scratch, { recursive: true, force: true });
}
