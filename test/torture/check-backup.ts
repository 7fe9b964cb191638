// Holds one completed backup to its word: every byte is read and checked, it is restored node by node into empty
// directories, and the ledger that comes out of it is audited against what the clients remember.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkpointId } from 'tidemark';
import type { Load } from '../../examples/demo/load.ts';
import { proveRestored } from '../../examples/demo/proof.ts';
import { readRestored } from '../../examples/demo/restored.ts';
import type { LedgerCluster } from '../../examples/ledger/cluster.ts';
import { readAllFiles } from '../../src/cli/verify/read-all-files.ts';
import { verifyBackup } from '../../src/cli/verify/verify-backup.ts';
import { partitionsOfNode } from '../../src/core/partition-distribution.ts';
import type { BackupStore } from '../../src/ports/backup-store.ts';
import { RestoreManager } from '../../src/restore/restore-manager.ts';
import { DirectoryRestoreTarget } from '../../src/runtime/directory-restore-target.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import type { BackupRecord } from './backup-record.ts';
import { openStore, settingsOf } from './open-store.ts';
import { Violation } from './violation.ts';

export interface CheckedLedger {
  readonly cluster: LedgerCluster;
  readonly load: Load;
  /** The sum of all opening balances, in cents. */
  readonly deposited: number;
  /** A directory to work in. */
  readonly scratch: string;
}

/** Throws a Violation when the backup is not what it should be. What was restored stays there in that case. */
export async function checkBackup(ledger: CheckedLedger, record: BackupRecord): Promise<void> {
  const store = await openStore(ledger.cluster.environment(0));
  try {
    const cut = await verify(store, ledger.cluster, record.id);
    const home = join(ledger.scratch, `backup-${record.id}`);
    const nodes = await restore(store, ledger.cluster, record.id, join(home, 'restored'));
    const restored = await readRestored(nodes, join(home, 'examined'));
    const { sent, acknowledged: all } = ledger.load;
    const acknowledged = new Set([...all].slice(0, record.acknowledged));
    const promised = { backupId: record.id, cut, sent, acknowledged, deposited: ledger.deposited };
    const broken = proveRestored(restored, promised).filter(({ holds }) => !holds);
    if (broken.length > 0) {
      const claims = broken.map(({ claim, numbers }) => `not so: ${claim} (${numbers})`);
      throw new Violation(`backup ${record.id} was restored, and ${claims.join('; ')}`);
    }
    rmSync(home, { recursive: true, force: true });
  } finally {
    await store.close();
  }
}

/** Reads every byte, and gives where each partition was cut. */
async function verify(
  store: BackupStore,
  cluster: LedgerCluster,
  id: number,
): Promise<ReadonlyMap<number, bigint>> {
  const partitionsCount = cluster.nodes.flatMap(({ partitions }) => partitions).length;
  const verified = await verifyBackup(store, readAllFiles, {
    checkpointId: checkpointId(id),
    partitionsCount,
    signal: new AbortController().signal,
  });
  if (verified.isErr()) throw new Violation(`backup ${id} cannot be verified: ${verified.error.message}`);
  const { copies, restorable } = verified.value;
  const findings = copies.flatMap(({ partitionId, findings: all }) =>
    all.map(({ object, what }) => `partition ${partitionId} ${object}: ${what}`),
  );
  if (!restorable || findings.length > 0) {
    throw new Violation(`backup ${id} does not verify: ${findings.join('; ') || 'a partition is missing'}`);
  }
  return new Map(
    copies.flatMap(({ partitionId, descriptor }) =>
      descriptor === undefined ? [] : [[partitionId, descriptor.checkpointPosition] as const],
    ),
  );
}

async function restore(store: BackupStore, cluster: LedgerCluster, id: number, directory: string) {
  const nodes = cluster.nodes.map((node) => ({
    ...node,
    dataDirectory: join(directory, `node-${node.nodeId}`),
  }));
  for (const { nodeId, dataDirectory } of nodes) {
    mkdirSync(dataDirectory, { recursive: true });
    const { cluster: shape } = settingsOf(cluster.environment(nodeId));
    const manager = new RestoreManager(
      {
        store,
        target: new DirectoryRestoreTarget({ directory: dataDirectory }),
        clock: systemClock,
        logger: silentLogger,
      },
      { nodeId, partitionsCount: shape.partitionsCount, partitionIds: partitionsOfNode(shape) },
    );
    const restored = await manager.restore(checkpointId(id));
    if (restored.isErr()) {
      throw new Violation(`backup ${id} verifies and cannot be restored: ${restored.error.message}`);
    }
  }
  return nodes;
}
