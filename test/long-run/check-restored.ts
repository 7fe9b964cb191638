// Restores the month's ledger into an empty directory, to a backup or to a time, and audits what comes out of it against
// what its clients remember of that checkpoint: nothing promised is missing, nothing later is there, every account is right.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CheckpointId,
  DirectoryRestoreTarget,
  RestoreManager,
  type RestoreReport,
  silentLogger,
  systemClock,
} from 'tidemark';
import { proveRestored } from '../../examples/demo/proof.ts';
import { type RestoredLedger, readRestored } from '../../examples/demo/restored.ts';
import { ledgerLayout } from '../../examples/ledger/restore-layout.ts';
import type { BackupStore } from '../../src/ports/backup-store.ts';
import {
  type BookedCheckpoint,
  DEPOSITED,
  type MonthLedger,
  OPENING_BALANCE,
  PARTITIONS,
} from './month-ledger.ts';

const PARTITION_IDS = Array.from({ length: PARTITIONS }, (_, index) => index + 1);

/** What restores all partitions into a directory. */
export function restoreManager(store: BackupStore, directory: string): RestoreManager {
  const target = new DirectoryRestoreTarget({ directory }, undefined, ledgerLayout);
  return new RestoreManager(
    { store, target, clock: systemClock, logger: silentLogger },
    { nodeId: 0, partitionsCount: PARTITIONS, partitionIds: PARTITION_IDS },
  );
}

/** Restores to a backup, or to a time as text. Throws when what comes out is not what it should be. */
export async function checkRestored(
  ledger: MonthLedger,
  store: BackupStore,
  where: CheckpointId | string,
  scratch: string,
): Promise<RestoreReport> {
  const dataDirectory = join(scratch, 'restored');
  mkdirSync(dataDirectory, { recursive: true });
  const manager = restoreManager(store, dataDirectory);
  const restoring = await (typeof where === 'string' ? manager.restoreTo(where) : manager.restore(where));
  if (restoring.isErr()) throw restoring.error;
  const report = restoring.value;
  const booked = ledger.checkpoints.find(({ id }) => id === report.checkpointId);
  if (booked === undefined) throw new Error(`${where} came to ${report.checkpointId}, which nobody made`);
  const node = { nodeId: 0, url: '', managementUrl: '', pid: null, dataDirectory, partitions: PARTITION_IDS };
  const restored = await readRestored([node], join(scratch, 'examined'));
  const flaws = [...unproven(ledger, report, booked, restored), ...strangers(ledger, booked, restored)];
  if (flaws.length > 0) throw new Error(`${where} was restored, and ${flaws.join('; ')}`);
  rmSync(scratch, { recursive: true, force: true });
  return report;
}

function unproven(
  ledger: MonthLedger,
  { checkpointId, partitions }: RestoreReport,
  booked: BookedCheckpoint,
  restored: RestoredLedger,
): string[] {
  const cut = new Map(
    partitions.map(({ id, descriptor }) => [id.partitionId, descriptor.checkpointPosition]),
  );
  const acknowledged = new Set(ledger.acknowledged.slice(0, booked.acknowledged));
  const promised = {
    backupId: Number(checkpointId),
    cut,
    sent: ledger.sent,
    acknowledged,
    deposited: DEPOSITED,
  };
  return proveRestored(restored, promised)
    .filter(({ holds }) => !holds)
    .map(({ claim, numbers }) => `not so: ${claim} (${numbers})`);
}

/** What was sent later, and accounts on which there is other money than the client's own book says. */
function strangers(
  { sent, places }: MonthLedger,
  { sent: until }: BookedCheckpoint,
  { partitions }: RestoredLedger,
): string[] {
  const transfers = partitions.flatMap((partition) => partition.transfers);
  const later = transfers.filter(({ id }) => (places.get(id) ?? Number.POSITIVE_INFINITY) > until);
  const flaws = later.map(({ id }) => `${id} is there, which was sent later`);
  const arrived = new Set(partitions.flatMap(({ credits }) => credits.map(({ id }) => id)));
  const book = new Map<string, number>();
  const add = (account: string, amount: number) =>
    book.set(account, (book.get(account) ?? OPENING_BALANCE) + amount);
  for (const { id } of transfers) {
    const { from, to, amount } = sent.get(id) ?? { from: id, to: id, amount: 0 };
    add(from, -amount);
    if (arrived.has(id)) add(to, amount);
  }
  for (const { id, balance } of partitions.flatMap(({ accounts }) => accounts)) {
    const booked = book.get(id) ?? OPENING_BALANCE;
    if (balance !== booked) flaws.push(`${id} has ${balance}, and ${booked} by the client's book`);
  }
  return flaws;
}
