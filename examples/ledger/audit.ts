// Counts the money of the whole ledger. Cents that left one account and did not reach the other yet are in flight:
// debited at the sender, not yet credited at the receiver, whatever the sender knows of it.
import type { LedgerState, TransferRow } from './ledger-state.ts';

/** What one partition tells for an audit. */
export interface PartitionAudit {
  readonly partitionId: number;
  readonly processed: string;
  readonly accounts: number;
  /** The sum of the balances, and that of the opening balances, in cents. */
  readonly balance: number;
  readonly opened: number;
  /** Transfers debited here, ever. */
  readonly transfers: number;
  /** Credits applied here, ever. */
  readonly applied: number;
  /** Transfers debited here and not acknowledged. */
  readonly pending: readonly TransferRow[];
}

/** Asks the partitions: over the network in a running ledger, or over their states. */
export interface AuditSource {
  partition(partitionId: number): Promise<PartitionAudit>;
  /** Those of the transfers from `sender` whose credit is applied at `receiver`. */
  applied(receiver: number, sender: number, ids: readonly string[]): Promise<readonly string[]>;
}

export interface LedgerAudit {
  readonly accounts: number;
  /** The sum of all balances, in cents. */
  readonly total: number;
  readonly inFlight: number;
  /** The sum of all opening balances: `total` and `inFlight` add up to it. */
  readonly deposited: number;
  readonly transfers: number;
  /** Transfers that have reached their receiver. */
  readonly applied: number;
  /** False when the ledger moved while it was counted, so that the numbers need not add up. */
  readonly exact: boolean;
  readonly partitions: readonly (Omit<PartitionAudit, 'pending'> & {
    readonly pending: number;
    readonly inFlight: number;
  })[];
}

const IDS_PER_QUESTION = 2_000;

export async function auditLedger(source: AuditSource, partitions: number): Promise<LedgerAudit> {
  const ids = Array.from({ length: partitions }, (_, index) => index + 1);
  const audits = await Promise.all(ids.map((id) => source.partition(id)));
  const inFlight = await Promise.all(audits.map((audit) => inFlightFrom(source, audit)));
  const after = await Promise.all(ids.map((id) => source.partition(id)));
  const sum = (pick: (audit: PartitionAudit) => number) =>
    audits.reduce((total, audit) => total + pick(audit), 0);
  return {
    accounts: sum((audit) => audit.accounts),
    total: sum((audit) => audit.balance),
    inFlight: inFlight.reduce((total, amount) => total + amount, 0),
    deposited: sum((audit) => audit.opened),
    transfers: sum((audit) => audit.transfers),
    applied: sum((audit) => audit.applied),
    exact: audits.every((audit, index) => audit.processed === after[index]?.processed),
    partitions: audits.map((audit, index) => ({
      ...audit,
      pending: audit.pending.length,
      inFlight: inFlight[index] ?? 0,
    })),
  };
}

/** What a partition's state tells. */
export function auditPartition(partitionId: number, state: LedgerState): PartitionAudit {
  return { partitionId, processed: state.processed.toString(), ...state.totals(), pending: state.pending() };
}

/** A refused credit is in flight too: its cents are on the way back. */
export function creditsApplied(state: LedgerState, sender: number, ids: readonly string[]): string[] {
  return ids.filter((id) => state.credit(sender, id)?.outcome === 'applied');
}

async function inFlightFrom(source: AuditSource, { partitionId, pending }: PartitionAudit): Promise<number> {
  let amount = 0;
  for (const [receiver, transfers] of Map.groupBy(pending, (transfer) => transfer.receiver)) {
    for (let start = 0; start < transfers.length; start += IDS_PER_QUESTION) {
      const asked = transfers.slice(start, start + IDS_PER_QUESTION);
      const arrived = new Set(
        await source.applied(
          receiver,
          partitionId,
          asked.map(({ id }) => id),
        ),
      );
      for (const transfer of asked) if (!arrived.has(transfer.id)) amount += transfer.amount;
    }
  }
  return amount;
}
