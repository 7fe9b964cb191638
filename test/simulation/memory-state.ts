// The state of a partition in memory, in place of a database: the same rows, committed at once. What the leader's disk
// keeps is the data; a state is one leader's hold on it.
import type {
  AccountRow,
  CreditRow,
  LedgerState,
  StateTotals,
  TransferRow,
} from '../../examples/ledger/ledger-state.ts';
import type { CheckpointType } from '../../src/core/checkpoint.ts';
import { checkpointId, logPosition } from '../../src/core/ids.ts';
import type { CheckpointState } from '../../src/ports/partition.ts';

/** The rows. They are replaced and never changed, so that a copy of the maps is a copy of all. */
export interface StateData {
  processed: bigint;
  term: bigint;
  /** Replaced as a whole. The last one is the latest. */
  checkpoints: readonly CheckpointState[];
  readonly accounts: Map<string, AccountRow>;
  readonly transfers: Map<string, TransferRow>;
  readonly pending: Map<string, TransferRow>;
  readonly credits: Map<string, CreditRow>;
  /** An earlier state: what a power cut may leave of a database that is synced now and then. */
  behind?: StateData;
}

const TRANSACTIONS_BEHIND = 6;

export function emptyData(): StateData {
  return {
    processed: 0n,
    term: 0n,
    checkpoints: [],
    accounts: new Map(),
    transfers: new Map(),
    pending: new Map(),
    credits: new Map(),
  };
}

export function copyData(data: StateData): StateData {
  const { processed, term, checkpoints } = data;
  return {
    processed,
    term,
    checkpoints,
    accounts: new Map(data.accounts),
    transfers: new Map(data.transfers),
    pending: new Map(data.pending),
    credits: new Map(data.credits),
  };
}

/** What two states must have in common to be the same: all but the term of the leader. */
export function rowsOf(data: StateData): string {
  const { processed, checkpoints } = data;
  return JSON.stringify({
    processed: String(processed),
    checkpoints: checkpoints.map(({ checkpointId: id, position, type, timestamp }) => [
      String(id),
      String(position),
      type,
      timestamp,
    ]),
    accounts: [...data.accounts],
    transfers: [...data.transfers.values()],
    credits: [...data.credits.values()],
  });
}

/** A snapshot's file. */
export function encodeData(data: StateData): Buffer {
  return Buffer.from(`${data.term}\n${rowsOf(data)}`);
}

export function decodeData(bytes: Buffer): StateData {
  const text = bytes.toString();
  const end = text.indexOf('\n');
  const rows = JSON.parse(text.slice(end + 1)) as {
    processed: string;
    checkpoints: [string, string, CheckpointType, number][];
    accounts: [string, AccountRow][];
    transfers: TransferRow[];
    credits: CreditRow[];
  };
  const data = emptyData();
  data.term = BigInt(text.slice(0, end));
  data.processed = BigInt(rows.processed);
  data.checkpoints = rows.checkpoints.map(([id, position, type, timestamp]) => ({
    checkpointId: checkpointId(BigInt(id)),
    position: logPosition(BigInt(position)),
    type,
    timestamp,
  }));
  for (const [name, row] of rows.accounts) data.accounts.set(name, row);
  for (const row of rows.transfers) {
    data.transfers.set(row.id, row);
    if (row.state === 'pending') data.pending.set(row.id, row);
  }
  for (const row of rows.credits) data.credits.set(`${row.sender}/${row.id}`, row);
  return data;
}

export class MemoryState implements LedgerState {
  readonly data: StateData;
  #transactions = 0;
  readonly #write: (path: string, bytes: Buffer) => void;

  constructor(data: StateData, write: (path: string, bytes: Buffer) => void) {
    this.data = data;
    this.#write = write;
  }

  get processed(): bigint {
    return this.data.processed;
  }

  set processed(position: bigint) {
    this.data.processed = position;
  }

  transaction<T>(work: () => T): T {
    this.#transactions += 1;
    if (this.#transactions % TRANSACTIONS_BEHIND === 0) this.data.behind = copyData(this.data);
    return work();
  }

  nextTerm(now: number): bigint {
    this.data.term = BigInt(now) > this.data.term ? BigInt(now) : this.data.term + 1n;
    return this.data.term;
  }

  get(): CheckpointState | undefined {
    return this.data.checkpoints.at(-1);
  }

  put(state: CheckpointState): void {
    this.data.checkpoints = [...this.data.checkpoints, state];
  }

  checkpoints(): CheckpointState[] {
    return [...this.data.checkpoints];
  }

  account(id: string): AccountRow | undefined {
    return this.data.accounts.get(id);
  }

  openAccount(id: string, balance: number): void {
    this.data.accounts.set(id, { balance, opened: balance });
  }

  addToBalance(id: string, amount: number): void {
    const row = this.data.accounts.get(id) as AccountRow;
    this.data.accounts.set(id, { ...row, balance: row.balance + amount });
  }

  transfer(id: string): TransferRow | undefined {
    return this.data.transfers.get(id);
  }

  addTransfer(row: TransferRow): void {
    this.data.transfers.set(row.id, row);
    this.data.pending.set(row.id, row);
  }

  closeTransfer(id: string, state: 'done' | 'refunded'): void {
    this.data.transfers.set(id, { ...(this.data.transfers.get(id) as TransferRow), state });
    this.data.pending.delete(id);
  }

  outbox(receiver: number, limit: number): TransferRow[] {
    const rows: TransferRow[] = [];
    for (const row of this.data.pending.values()) {
      if (rows.length >= limit) break;
      if (row.receiver === receiver) rows.push(row);
    }
    return rows;
  }

  credit(sender: number, id: string): CreditRow | undefined {
    return this.data.credits.get(`${sender}/${id}`);
  }

  addCredit(row: CreditRow): void {
    this.data.credits.set(`${row.sender}/${row.id}`, row);
  }

  totals(): StateTotals {
    const accounts = [...this.data.accounts.values()];
    return {
      accounts: accounts.length,
      balance: accounts.reduce((sum, { balance }) => sum + balance, 0),
      opened: accounts.reduce((sum, { opened }) => sum + opened, 0),
      transfers: this.data.transfers.size,
      applied: this.credits().filter(({ outcome }) => outcome === 'applied').length,
    };
  }

  pending(): TransferRow[] {
    return [...this.data.pending.values()];
  }

  transfers(): TransferRow[] {
    return [...this.data.transfers.values()];
  }

  credits(): CreditRow[] {
    return [...this.data.credits.values()];
  }

  accounts(): (AccountRow & { id: string })[] {
    return [...this.data.accounts].map(([id, row]) => ({ id, ...row }));
  }

  copyTo(path: string): void {
    this.#write(path, encodeData(this.data));
  }

  close(): void {}
}
