// What the ledger keeps of a partition, whatever it is kept in: accounts, the outbox of transfers, the inbox of
// credits, the checkpoint. It is what processing the log gives, up to `processed`.
import type { CheckpointState, CheckpointStateStore } from 'tidemark';
import type { CreditOutcome } from './commands.ts';

export interface AccountRow {
  readonly balance: number;
  /** The opening balance. */
  readonly opened: number;
}

/** A transfer, on the partition of the account it debits. It stays, so that its id is known for ever. */
export interface TransferRow {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly amount: number;
  /** The partition that gets the credit. */
  readonly receiver: number;
  readonly state: 'pending' | 'done' | 'refunded';
}

/** What became of a credit, on the partition of the account it is for. */
export interface CreditRow {
  /** The partition that sent it. */
  readonly sender: number;
  readonly id: string;
  readonly account: string;
  readonly amount: number;
  readonly outcome: CreditOutcome;
}

export interface StateTotals {
  readonly accounts: number;
  readonly balance: number;
  readonly opened: number;
  readonly transfers: number;
  readonly applied: number;
}

export interface LedgerState extends CheckpointStateStore {
  /** The position of the last record whose effects are in here. */
  processed: bigint;
  /** The checkpoints that were put, in ascending order. Old ones are forgotten. */
  checkpoints(): CheckpointState[];
  /** Runs `work` in one transaction: all of it happens or nothing. */
  transaction<T>(work: () => T): T;
  /** Starts a leadership. Terms grow with each one, even over a restore, because the clock is in them. */
  nextTerm(now: number): bigint;
  account(id: string): AccountRow | undefined;
  openAccount(id: string, balance: number): void;
  addToBalance(id: string, amount: number): void;
  transfer(id: string): TransferRow | undefined;
  addTransfer(transfer: TransferRow): void;
  closeTransfer(id: string, state: 'done' | 'refunded'): void;
  /** Transfers whose credit is not acknowledged yet. */
  outbox(receiver: number, limit: number): TransferRow[];
  credit(sender: number, id: string): CreditRow | undefined;
  addCredit(credit: CreditRow): void;
  totals(): StateTotals;
  pending(): TransferRow[];
  transfers(): TransferRow[];
  credits(): CreditRow[];
  accounts(): (AccountRow & { id: string })[];
  /** Writes a copy of what is committed to a new file. */
  copyTo(path: string): void;
  close(): void;
}
