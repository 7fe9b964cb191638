// The state of one partition in SQLite: accounts, the outbox of transfers, the inbox of credits, the checkpoint.
// It is what processing the log gives, up to `processed`; every effect is in one transaction with that position.
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { type CheckpointState, checkpointId, logPosition } from 'tidemark';
import type { AccountRow, CreditRow, LedgerState, StateTotals, TransferRow } from './ledger-state.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS accounts (id TEXT PRIMARY KEY, balance INTEGER NOT NULL, opened INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS transfers (
    id TEXT PRIMARY KEY, "from" TEXT NOT NULL, "to" TEXT NOT NULL, amount INTEGER NOT NULL,
    receiver INTEGER NOT NULL, state TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS outbox ON transfers (receiver) WHERE state = 'pending';
  CREATE TABLE IF NOT EXISTS credits (
    sender INTEGER NOT NULL, id TEXT NOT NULL, account TEXT NOT NULL, amount INTEGER NOT NULL,
    outcome TEXT NOT NULL, PRIMARY KEY (sender, id)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS checkpoints (
    id INTEGER PRIMARY KEY, position INTEGER NOT NULL, type TEXT NOT NULL, timestamp INTEGER);`;

/** By number and not by age, so that the same log gives the same rows. */
const CHECKPOINTS_KEPT = 10_000;

export class PartitionState implements LedgerState {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    // The log is the truth: after a power cut the state may be a little behind it, and catches up.
    // Exclusive: a second process on the same data is turned away.
    this.#db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    this.#db.exec(SCHEMA);
  }

  /** Runs `work` in one transaction: all of it happens or nothing. */
  transaction<T>(work: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (cause) {
      this.#db.exec('ROLLBACK');
      throw cause;
    }
  }

  /** The position of the last record whose effects are in here. */
  get processed(): bigint {
    return this.#meta('processed') ?? 0n;
  }

  set processed(position: bigint) {
    this.#setMeta('processed', position);
  }

  /** Starts a leadership. Terms grow with each one, even over a restore, because the clock is in them. */
  nextTerm(now: number): bigint {
    const last = this.#meta('term') ?? 0n;
    const term = BigInt(now) > last ? BigInt(now) : last + 1n;
    this.#setMeta('term', term);
    return term;
  }

  /** The latest checkpoint; see CheckpointStateStore. */
  get(): CheckpointState | undefined {
    const [latest] = this.#checkpoints('SELECT * FROM checkpoints ORDER BY id DESC LIMIT 1');
    if (latest !== undefined) return latest;
    // Where it was kept before there were markers.
    const id = this.#meta('checkpoint');
    if (id === undefined) return undefined;
    return { checkpointId: checkpointId(id), position: logPosition(this.#meta('checkpointPosition') ?? 0n) };
  }

  put({ checkpointId: id, position, type = 'backup', timestamp }: CheckpointState): void {
    this.#run(
      'INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?)',
      id,
      position,
      type,
      timestamp ?? null,
    );
    this.#run(
      'DELETE FROM checkpoints WHERE id <= (SELECT id FROM checkpoints ORDER BY id DESC LIMIT 1 OFFSET ?)',
      CHECKPOINTS_KEPT,
    );
  }

  checkpoints(): CheckpointState[] {
    return this.#checkpoints('SELECT * FROM checkpoints ORDER BY id');
  }

  account(id: string): AccountRow | undefined {
    return this.#row('SELECT balance, opened FROM accounts WHERE id = ?', id);
  }

  openAccount(id: string, balance: number): void {
    this.#run('INSERT INTO accounts (id, balance, opened) VALUES (?, ?, ?)', id, balance, balance);
  }

  addToBalance(id: string, amount: number): void {
    this.#run('UPDATE accounts SET balance = balance + ? WHERE id = ?', amount, id);
  }

  transfer(id: string): TransferRow | undefined {
    return this.#row('SELECT * FROM transfers WHERE id = ?', id);
  }

  addTransfer({ id, from, to, amount, receiver, state }: TransferRow): void {
    this.#run('INSERT INTO transfers VALUES (?, ?, ?, ?, ?, ?)', id, from, to, amount, receiver, state);
  }

  closeTransfer(id: string, state: 'done' | 'refunded'): void {
    this.#run('UPDATE transfers SET state = ? WHERE id = ?', state, id);
  }

  /** Transfers whose credit is not acknowledged yet. */
  outbox(receiver: number, limit: number): TransferRow[] {
    return this.#rows(
      "SELECT * FROM transfers WHERE state = 'pending' AND receiver = ? ORDER BY rowid LIMIT ?",
      receiver,
      limit,
    );
  }

  credit(sender: number, id: string): CreditRow | undefined {
    return this.#row('SELECT * FROM credits WHERE sender = ? AND id = ?', sender, id);
  }

  addCredit({ sender, id, account, amount, outcome }: CreditRow): void {
    this.#run('INSERT INTO credits VALUES (?, ?, ?, ?, ?)', sender, id, account, amount, outcome);
  }

  totals(): StateTotals {
    return this.#row(`SELECT (SELECT count(*) FROM transfers) AS transfers,
      (SELECT count(*) FROM credits WHERE outcome = 'applied') AS applied,
      count(*) AS accounts, ifnull(sum(balance), 0) AS balance, ifnull(sum(opened), 0) AS opened FROM accounts`) as never;
  }

  pending(): TransferRow[] {
    return this.#rows("SELECT * FROM transfers WHERE state = 'pending'");
  }

  transfers(): TransferRow[] {
    return this.#rows('SELECT * FROM transfers');
  }

  credits(): CreditRow[] {
    return this.#rows('SELECT * FROM credits');
  }

  accounts(): (AccountRow & { id: string })[] {
    return this.#rows('SELECT * FROM accounts');
  }

  /** Writes a copy of what is committed to a new file, compact and without a write-ahead log. */
  copyTo(path: string): void {
    this.#db.prepare('VACUUM INTO ?').run(path);
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #checkpoints(sql: string): CheckpointState[] {
    const statement = this.#prepare(sql);
    statement.setReadBigInts(true);
    const rows = statement.all() as {
      id: bigint;
      position: bigint;
      type: string;
      timestamp: bigint | null;
    }[];
    return rows.map(({ id, position, type, timestamp }) => ({
      checkpointId: checkpointId(id),
      position: logPosition(position),
      type: type === 'marker' ? 'marker' : 'backup',
      ...(timestamp !== null && { timestamp: Number(timestamp) }),
    }));
  }

  #meta(name: string): bigint | undefined {
    const statement = this.#prepare('SELECT value FROM meta WHERE name = ?');
    statement.setReadBigInts(true);
    return (statement.get(name) as { value: bigint } | undefined)?.value;
  }

  #setMeta(name: string, value: bigint): void {
    this.#run(
      'INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
      name,
      value,
    );
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #run(sql: string, ...values: (string | number | bigint | null)[]): void {
    this.#prepare(sql).run(...values);
  }

  #row<T>(sql: string, ...values: (string | number)[]): T | undefined {
    return this.#prepare(sql).get(...values) as T | undefined;
  }

  #rows<T>(sql: string, ...values: (string | number)[]): T[] {
    return this.#prepare(sql).all(...values) as T[];
  }
}
