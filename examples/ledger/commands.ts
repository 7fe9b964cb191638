// The records of a partition's log. Every record is a command; the state is what processing them in order gives,
// so a command must hold all that processing needs and nothing that only one run can know.
import type { CheckpointType } from 'tidemark';

/** Opens an account with an opening balance. Amounts are whole cents. */
export interface OpenCommand {
  readonly type: 'open';
  readonly id: string;
  readonly balance: number;
}

/** Debits `from`, which lives here, and puts a credit for `to` in the outbox. */
export interface TransferCommand {
  readonly type: 'transfer';
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly amount: number;
}

/** Comes from the partition `sender`: credits `account`, once for each `id` of that sender. */
export interface CreditCommand {
  readonly type: 'credit';
  readonly sender: number;
  readonly id: string;
  readonly account: string;
  readonly amount: number;
}

/** Comes back from the receiver of a credit: closes the transfer, or refunds it. */
export interface SettleCommand {
  readonly type: 'settle';
  readonly id: string;
  readonly outcome: CreditOutcome;
}

/** Makes a checkpoint. The id is decimal text, because JSON numbers do not hold 64 bits. */
export interface CheckpointCommand {
  readonly type: 'checkpoint';
  readonly checkpointId: string;
  /** Absent in records from before there were markers. */
  readonly kind?: CheckpointType;
}

export type Command = OpenCommand | TransferCommand | CreditCommand | SettleCommand | CheckpointCommand;
export type CreditOutcome = 'applied' | 'refused';

/** The types in the order of their numbers in the log. Append only. */
export const COMMAND_TYPES = ['open', 'transfer', 'credit', 'settle', 'checkpoint'] as const;
