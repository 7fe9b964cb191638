// One partition of the ledger: it forgets nothing over restarts, repeats nothing, and gives whole backups.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CheckpointState, checkpointId, logPosition, selectBackup } from 'tidemark';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Partition } from '../../examples/ledger/partition.ts';
import { scanSegment } from '../../examples/ledger/record.ts';
import { SegmentedLog } from '../../examples/ledger/segmented-log.ts';

let directory: string;
const opened: Partition[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ledger-partition-'));
});
afterEach(async () => {
  for (const partition of opened.splice(0)) await partition.close();
  rmSync(directory, { recursive: true });
});

async function open(snapshotEvery = 1_000_000): Promise<Partition> {
  const settings = { partitionId: 1, partitions: 1, directory, segmentBytes: 2_000, snapshotEvery };
  const partition = await Partition.open(settings);
  opened.push(partition);
  return partition;
}

const transfer = (id: string, amount = 10, to = 'b') =>
  ({ type: 'transfer', id, from: 'a', to, amount }) as const;
const credit = (id: string, account = 'b') =>
  ({ type: 'credit', sender: 2, id, account, amount: 7 }) as const;
const checkpoint = (id: number) => ({ type: 'checkpoint', checkpointId: String(id) }) as const;

async function openAccounts(partition: Partition): Promise<void> {
  await partition.submit({ type: 'open', id: 'a', balance: 1_000 });
  await partition.submit({ type: 'open', id: 'b', balance: 0 });
}

const contents = ({ state }: Partition) => ({
  processed: state.processed,
  accounts: state.accounts(),
  transfers: state.transfers(),
  credits: state.credits(),
  checkpoint: state.get(),
});

describe('a partition', () => {
  it('answers by what happened, and debits once for one id', async () => {
    const partition = await open();
    await openAccounts(partition);
    const codes = [];
    for (const command of [
      { type: 'open', id: 'a', balance: 1_000 } as const,
      { type: 'open', id: 'a', balance: 1 } as const,
      transfer('t1'),
      transfer('t1'),
      transfer('t1', 11),
      transfer('t2', 991),
      { ...transfer('t3'), from: 'nobody' },
    ]) {
      codes.push((await partition.submit(command)).code);
    }
    expect(codes).toEqual([
      'repeated',
      'conflict',
      'created',
      'repeated',
      'conflict',
      'insufficient-funds',
      'unknown-account',
    ]);
    expect(partition.state.account('a')?.balance).toBe(990);
  });

  it('credits once, sticks to a refusal, and refunds what was refused', async () => {
    const partition = await open();
    await openAccounts(partition);
    expect(
      await partition.receive(undefined, [credit('c1'), credit('c1'), credit('c2', 'later')]),
    ).toMatchObject([{ code: 'applied' }, { code: 'applied' }, { code: 'refused' }]);
    await partition.submit({ type: 'open', id: 'later', balance: 0 });
    expect(await partition.submit(credit('c2', 'later'))).toMatchObject({ code: 'refused' });
    expect(partition.state.account('b')?.balance).toBe(7);
    await partition.submit(transfer('t1'));
    await partition.submit({ type: 'settle', id: 't1', outcome: 'refused' });
    await partition.submit({ type: 'settle', id: 't1', outcome: 'refused' });
    expect(partition.state.account('a')?.balance).toBe(1_000);
  });

  it('puts the checkpoint of a stamp that is ahead in front of the command', async () => {
    const partition = await open();
    await openAccounts(partition);
    const told: CheckpointState[] = [];
    partition.onCheckpoint = (state) => told.push(state);
    await partition.receive({ checkpointId: checkpointId(5) }, [credit('c1')]);
    await partition.receive({ checkpointId: checkpointId(5) }, [credit('c2')]);
    expect(told.map(({ checkpointId: id, position }) => [id, position])).toEqual([[5n, 3n]]);
    expect(partition.state.processed).toBe(5n);
  });

  it('makes a marker of the stamp of one, and keeps it with its time', async () => {
    const partition = await open();
    await openAccounts(partition);
    await partition.submit(checkpoint(4));
    await partition.receive({ checkpointId: checkpointId(5), type: 'marker' }, [credit('c1')]);
    expect(partition.checkpoints.stamp()).toEqual({ checkpointId: 5n, type: 'marker' });
    expect(partition.state.checkpoints()).toEqual([
      { checkpointId: 4n, position: 3n, type: 'backup', timestamp: expect.any(Number) },
      { checkpointId: 5n, position: 4n, type: 'marker', timestamp: expect.any(Number) },
    ]);
  });

  it('has the same state after a restart, and from a snapshot and the log alone', async () => {
    const first = await open(20);
    await openAccounts(first);
    for (let id = 0; id < 50; id += 1) await first.submit(transfer(`t${id}`, 1));
    await first.submit(checkpoint(3));
    await first.submit(credit('c1'));
    const before = contents(first);
    await first.close();

    const second = await open(20);
    expect(contents(second)).toEqual(before);
    expect(second.term).toBeGreaterThan(first.term);
    await second.close();

    rmSync(join(directory, 'state'), { recursive: true });
    const third = await open(20);
    expect(contents(third)).toEqual(before);
    expect(third.term).toBeGreaterThan(second.term);
    expect(third.describe().snapshots.length).toBeGreaterThan(0);
  });

  it('goes on from its newest snapshot when a power cut left the database behind what the log holds', async () => {
    const first = await open(20);
    await openAccounts(first);
    await first.close();
    cpSync(join(directory, 'state'), join(directory, 'early'), { recursive: true });
    const second = await open(20);
    for (let id = 0; id < 100; id += 1) await second.submit(transfer(`t${id}`, 1));
    const before = contents(second);
    await second.close();

    rmSync(join(directory, 'state'), { recursive: true });
    cpSync(join(directory, 'early'), join(directory, 'state'), { recursive: true });
    const third = await open(20);
    expect(contents(third)).toEqual(before);
  });

  it('starts the backup of a checkpoint that a crash left unprocessed, but none from a replay', async () => {
    const first = await open();
    await openAccounts(first);
    await first.close();
    // Durable, and never processed: what a kill at the wrong moment leaves.
    const log = await SegmentedLog.open({
      directory: join(directory, 'log'),
      segmentBytes: 2_000,
      acknowledged: 2n,
    });
    log.append(checkpoint(3), 0);
    await log.close();
    const second = await open();
    expect(second.unfinished).toMatchObject([{ checkpointId: 3n, position: 3n }]);
    await second.close();
    rmSync(join(directory, 'state'), { recursive: true });
    const third = await open();
    expect(third.state.get()).toMatchObject({ checkpointId: 3n });
    expect(third.unfinished).toEqual([]);
  });

  it('turns a second process on the same data away', async () => {
    await open();
    await expect(open()).rejects.toThrow(/locked/);
  });

  it('keeps what is pinned, with the same bytes, and compacts when it is released', async () => {
    const partition = await open(20);
    await openAccounts(partition);
    for (let id = 0; id < 45; id += 1) await partition.submit(transfer(`t${id}`, 1));
    const cut = partition.state.processed;
    const pinned = await partition.source.reserve();
    const files = async () => {
      const segments = await Promise.all(pinned.segments.map((segment) => segment.upTo(logPosition(cut))));
      const all = [...segments, ...pinned.snapshots.flatMap((snapshot) => snapshot.files)];
      return Promise.all(all.map(async (file) => Buffer.concat(await Array.fromAsync(file.open()))));
    };
    const before = await files();
    for (let id = 45; id < 200; id += 1) await partition.submit(transfer(`t${id}`, 1));
    expect(await files()).toEqual(before);
    const held = partition.describe().segments.length;
    await pinned.release();
    await pinned.release();
    expect(partition.describe().segments.length).toBeLessThan(held);
    expect(partition.describe().snapshots).toHaveLength(2);
  });

  it('gives a backup that ends at the checkpoint, also when snapshots go on', async () => {
    const partition = await open(20);
    await openAccounts(partition);
    let pinned: Promise<Awaited<ReturnType<typeof partition.source.reserve>>> | undefined;
    let cut: CheckpointState | undefined;
    partition.onCheckpoint = (state) => {
      cut = state;
      pinned = partition.source.reserve();
    };
    // One turn: the checkpoint stands in the midst of a batch.
    const submitted = Array.from({ length: 90 }, (_, id) =>
      partition.submit(id === 50 ? checkpoint(1) : transfer(`t${id}`, 1)),
    );
    await Promise.all(submitted);
    const selected = selectBackup((await pinned)!, cut!.position);
    expect(selected.isOk()).toBe(true);
    const { snapshot, segments } = selected._unsafeUnwrap();
    expect(snapshot === null || snapshot.position < cut!.position).toBe(true);
    const last = segments.at(-1)!;
    const bytes = Buffer.concat(await Array.fromAsync((await last.upTo(cut!.position)).open()));
    const { records, end } = scanSegment(bytes, last.firstPosition!);
    expect(end).toBe(bytes.length);
    expect(records.at(-1)?.record).toMatchObject({ position: cut!.position, command: checkpoint(1) });
  });
});
