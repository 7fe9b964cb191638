// What one record does to the state of its partition. Deterministic: the same log gives the same state, whoever
// runs it and when. It reads no clock and asks nobody.
import { type CheckpointEvent, type CheckpointProcessor, checkpointId, logPosition } from 'tidemark';
import type { CreditCommand, OpenCommand, SettleCommand, TransferCommand } from './commands.ts';
import type { LedgerState } from './ledger-state.ts';
import type { LogRecord } from './record.ts';
import { partitionOf } from './sharding.ts';

/** Balances stay far below what a double counts exactly. In cents. */
export const BALANCE_MAX = Number.MAX_SAFE_INTEGER;

/** What came of a command. Who sent it is told this. */
export type Outcome =
  | { readonly code: 'created' | 'repeated' | 'conflict' | 'unknown-account' | 'insufficient-funds' }
  | { readonly code: 'applied' | 'refused' | 'settled' }
  | { readonly code: 'checkpoint'; readonly event: CheckpointEvent };

export interface ProcessingContext {
  readonly state: LedgerState;
  readonly checkpoints: CheckpointProcessor;
  /** The number of partitions of the cluster. */
  readonly partitions: number;
}

/** Processes a record. Call it inside a transaction of the state. */
export function processRecord(
  context: ProcessingContext,
  { command, position, timestamp }: LogRecord,
): Outcome {
  const { state, checkpoints } = context;
  switch (command.type) {
    case 'open':
      return openAccount(state, command);
    case 'transfer':
      return transfer(context, command);
    case 'credit':
      return { code: credit(state, command) };
    case 'settle':
      return settle(state, command);
    case 'checkpoint': {
      const id = checkpointId(BigInt(command.checkpointId));
      const type = command.kind ?? 'backup';
      const event = checkpoints.process({
        checkpointId: id,
        position: logPosition(position),
        type,
        timestamp,
      });
      return { code: 'checkpoint', event };
    }
  }
}

function openAccount(state: LedgerState, { id, balance }: OpenCommand): Outcome {
  const account = state.account(id);
  if (account !== undefined) return { code: account.opened === balance ? 'repeated' : 'conflict' };
  state.openAccount(id, balance);
  return { code: 'created' };
}

function transfer({ state, partitions }: ProcessingContext, command: TransferCommand): Outcome {
  const { id, from, to, amount } = command;
  const known = state.transfer(id);
  if (known !== undefined) {
    const same = known.from === from && known.to === to && known.amount === amount;
    return { code: same ? 'repeated' : 'conflict' };
  }
  const account = state.account(from);
  if (account === undefined) return { code: 'unknown-account' };
  if (account.balance < amount) return { code: 'insufficient-funds' };
  state.addToBalance(from, -amount);
  state.addTransfer({ id, from, to, amount, receiver: partitionOf(to, partitions), state: 'pending' });
  return { code: 'created' };
}

/** The first answer stands, also a refusal: the sender may have refunded by the time a double comes. */
function credit(state: LedgerState, command: CreditCommand): 'applied' | 'refused' {
  const { sender, id, account, amount } = command;
  const known = state.credit(sender, id);
  if (known !== undefined) return known.outcome;
  const row = state.account(account);
  const outcome = row !== undefined && row.balance + amount <= BALANCE_MAX ? 'applied' : 'refused';
  if (outcome === 'applied') state.addToBalance(account, amount);
  state.addCredit({ sender, id, account, amount, outcome });
  return outcome;
}

function settle(state: LedgerState, { id, outcome }: SettleCommand): Outcome {
  const known = state.transfer(id);
  if (known?.state === 'pending') {
    if (outcome === 'refused') state.addToBalance(known.from, known.amount);
    state.closeTransfer(id, outcome === 'applied' ? 'done' : 'refunded');
  }
  return { code: 'settled' };
}
