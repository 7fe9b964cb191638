// Looks at what a restore left on disk, before any node has touched it. It works on a copy and starts no node.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { auditLedger, auditPartition, creditsApplied, type LedgerAudit } from '../ledger/audit.ts';
import type { NodeDescription } from '../ledger/cluster.ts';
import type { AccountRow, CreditRow, TransferRow } from '../ledger/ledger-state.ts';
import { Partition } from '../ledger/partition.ts';
import type { LogRecord } from '../ledger/record.ts';
import { SegmentedLog } from '../ledger/segmented-log.ts';

export interface RestoredPartition {
  readonly partitionId: number;
  /** The last record of the log. */
  readonly lastRecord: LogRecord | undefined;
  readonly accounts: readonly (AccountRow & { readonly id: string })[];
  readonly transfers: readonly TransferRow[];
  readonly credits: readonly CreditRow[];
}

export interface RestoredLedger {
  readonly partitions: readonly RestoredPartition[];
  readonly audit: LedgerAudit;
}

/** Reads every partition from the nodes' directories, replaying the logs on their snapshots in `scratch`. */
export async function readRestored(
  nodes: readonly NodeDescription[],
  scratch: string,
): Promise<RestoredLedger> {
  const places = nodes
    .flatMap(({ dataDirectory, partitions }) =>
      partitions.map((partitionId) => ({ dataDirectory, partitionId })),
    )
    .sort((a, b) => a.partitionId - b.partitionId);
  const opened: Partition[] = [];
  const partitions: RestoredPartition[] = [];
  for (const { dataDirectory, partitionId } of places) {
    const directory = join(scratch, String(partitionId));
    cpSync(join(dataDirectory, 'partitions', String(partitionId)), directory, { recursive: true });
    const lastRecord = await lastRecordOf(join(directory, 'log'));
    const settings = {
      partitionId,
      partitions: places.length,
      directory,
      segmentBytes: 2 ** 20,
      snapshotEvery: 2 ** 30,
    };
    const partition = await Partition.open(settings);
    const { state } = partition;
    opened.push(partition);
    partitions.push({
      partitionId,
      lastRecord,
      accounts: state.accounts(),
      transfers: state.transfers(),
      credits: state.credits(),
    });
  }
  const stateOf = (partitionId: number) => (opened[partitionId - 1] as Partition).state;
  const audit = await auditLedger(
    {
      partition: async (partitionId) => auditPartition(partitionId, stateOf(partitionId)),
      applied: async (receiver, sender, ids) => creditsApplied(stateOf(receiver), sender, ids),
    },
    places.length,
  );
  for (const partition of opened) await partition.close();
  return { partitions, audit };
}

async function lastRecordOf(directory: string): Promise<LogRecord | undefined> {
  const log = await SegmentedLog.open({ directory, segmentBytes: 2 ** 20, acknowledged: 0n });
  const records = [...log.read(log.segments[0]?.firstPosition ?? 1n)];
  await log.close();
  return records.at(-1);
}
