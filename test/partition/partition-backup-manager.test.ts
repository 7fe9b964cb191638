import {
  type BackupStatus,
  bytesFile,
  type CheckpointState,
  checkpointId,
  logPosition,
  type PartitionBackupEvent,
  PartitionBackupManager,
  type PartitionReservation,
  type PartitionSource,
  silentLogger,
} from 'tidemark';
import { InMemoryBackupStore } from 'tidemark/memory';
import { ManualClock } from 'tidemark/testkit';
import { afterEach, describe, expect, it } from 'vitest';

const CHECKPOINT: CheckpointState = { checkpointId: checkpointId(7), position: logPosition(3) };

/** A partition of three records in one segment and a snapshot at the first; counts its pins. */
class Partition implements PartitionSource {
  pinned = 0;
  reserved = 0;
  failOnRelease = false;
  /** Runs before `reserve` gives its answer. */
  onReserve: () => Promise<void> | void = () => {};

  async reserve(): Promise<PartitionReservation> {
    await this.onReserve();
    this.pinned += 1;
    this.reserved += 1;
    let held = true;
    return {
      snapshots: [
        {
          id: 'snapshot-1',
          position: logPosition(1),
          replayFrom: logPosition(2),
          files: [bytesFile('state', Buffer.from('S1'))],
        },
      ],
      segments: [
        {
          name: 'log-1',
          firstPosition: logPosition(1),
          lastPosition: logPosition(4),
          upTo: async (position) => bytesFile('log-1', Buffer.from('abcd').subarray(0, Number(position))),
        },
      ],
      release: async () => {
        if (this.failOnRelease) throw new Error('release failed');
        if (held) this.pinned -= 1;
        held = false;
      },
    };
  }
}

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

function setUp(
  options: {
    term?: bigint;
    nodeId?: number;
    store?: InMemoryBackupStore;
    clock?: ManualClock;
    deadlineMs?: number;
  } = {},
) {
  const clock = options.clock ?? new ManualClock();
  const store = options.store ?? new InMemoryBackupStore({ clusterId: 'test' }, { clock });
  const source = new Partition();
  const events: PartitionBackupEvent[] = [];
  const manager = new PartitionBackupManager(
    { store, source, clock, logger: silentLogger, observer: (event) => events.push(event) },
    {
      nodeId: options.nodeId ?? 0,
      partitionId: 1,
      term: options.term ?? 1n,
      numberOfPartitions: 1,
      brokerVersion: '1.0',
      ...(options.deadlineMs === undefined ? {} : { deadlineMs: options.deadlineMs }),
    },
  );
  opened.push(manager, store);
  return { clock, store, source, events, manager };
}

const statusOf = async (manager: PartitionBackupManager): Promise<BackupStatus> =>
  (await manager.status(CHECKPOINT.checkpointId))._unsafeUnwrap();

describe('taking a backup', () => {
  it('stores the snapshot below the checkpoint and the log up to it, and unpins', async () => {
    const { manager, store, source, events } = setUp();
    expect((await manager.take(CHECKPOINT))._unsafeUnwrap()).toBe('completed');
    expect(source.pinned).toBe(0);

    const status = await statusOf(manager);
    expect(status).toMatchObject({
      statusCode: 'COMPLETED',
      descriptor: {
        snapshotId: 'snapshot-1',
        checkpointPosition: 3n,
        numberOfPartitions: 1,
        brokerVersion: '1.0',
      },
    });
    const stored = (await store.open(status.id))._unsafeUnwrap();
    const text = async (file: { open(): AsyncIterable<Uint8Array> } | undefined) =>
      Buffer.concat(await Array.fromAsync(file?.open() ?? [])).toString();
    expect(await text(stored.snapshotFiles[0])).toBe('S1');
    expect(await text(stored.segmentFiles[0])).toBe('abc');
    expect(events.map((event) => event.type)).toEqual(
      expect.arrayContaining(['started', 'progress', 'completed']),
    );
    expect(events.at(-1)).toMatchObject({ type: 'completed' });
    expect(events.findLast((event) => event.type === 'progress')).toMatchObject({
      progress: { filesDone: 2, filesTotal: 2, bytesDone: 5, bytesTotal: 5 },
    });
  });

  it('pins before it asks the store anything', async () => {
    const { manager, source, store } = setUp();
    const order: string[] = [];
    source.onReserve = () => {
      order.push('reserve');
    };
    const list = store.list.bind(store);
    store.list = (...call) => {
      order.push('list');
      return list(...call);
    };
    await manager.take(CHECKPOINT);
    expect(order[0]).toBe('reserve');
    expect(order).toContain('list');
  });

  it('is a success when the backup is completed already, whoever took it', async () => {
    const first = setUp();
    await first.manager.take(CHECKPOINT);
    const next = setUp({ store: first.store, clock: first.clock, nodeId: 2, term: 2n });
    expect((await next.manager.take(CHECKPOINT))._unsafeUnwrap()).toBe('already-completed');
    expect(next.source.pinned).toBe(0);
  });

  it('runs once for two calls at the same time', async () => {
    const { manager, source } = setUp();
    const both = await Promise.all([manager.take(CHECKPOINT), manager.take(CHECKPOINT)]);
    expect(both.map((result) => result._unsafeUnwrap())).toEqual(['completed', 'completed']);
    expect(source.reserved).toBe(1);
  });

  it('never uses the id of a failed backup again', async () => {
    const { manager, source } = setUp();
    source.onReserve = () => Promise.reject(new Error('disk gone'));
    expect((await manager.take(CHECKPOINT))._unsafeUnwrapErr()).toMatchObject({
      name: 'BrokerFailure',
      operation: 'reserve',
    });
    source.onReserve = () => {};
    const again = (await manager.take(CHECKPOINT))._unsafeUnwrapErr();
    expect(again).toMatchObject({ name: 'BackupAlreadyExists', statusCode: 'FAILED' });
    expect((await statusOf(manager)).failureReason).toContain('disk gone');
  });

  it('fails as BackupNotPossible, recorded, when the log does not reach the checkpoint', async () => {
    const { manager, source } = setUp();
    const beyond = { ...CHECKPOINT, position: logPosition(9) };
    expect((await manager.take(beyond))._unsafeUnwrapErr().name).toBe('BackupNotPossible');
    expect(await statusOf(manager)).toMatchObject({
      statusCode: 'FAILED',
      failureReason: expect.stringMatching(/position 5/),
    });
    expect(source.pinned).toBe(0);
  });

  it('survives a release that throws', async () => {
    const { manager, source } = setUp();
    source.failOnRelease = true;
    expect((await manager.take(CHECKPOINT)).isOk()).toBe(true);
  });
});

describe('one deadline', () => {
  it('ends a reserve that hangs, and releases what it gives too late', async () => {
    const { manager, source, clock } = setUp({ deadlineMs: 1_000 });
    const gate = Promise.withResolvers<void>();
    source.onReserve = () => gate.promise;
    const taking = manager.take(CHECKPOINT);
    await clock.advance(1_000);
    expect((await taking)._unsafeUnwrapErr()).toMatchObject({ name: 'DeadlineExceeded', timeoutMs: 1_000 });
    gate.resolve();
    await clock.advance(0);
    expect(source.reserved).toBe(1);
    expect(source.pinned).toBe(0);
  });

  it.each([
    [{ deadlineMs: 90_000 }, 90_000],
    [{}, 3_600_000],
  ])('tells the store how long it may take: %j', async (options, deadlineMs) => {
    const { manager, store } = setUp(options);
    const told: unknown[] = [];
    const { save } = store;
    store.save = (backup, call) => {
      told.push(call?.deadlineMs);
      return save.call(store, backup, call);
    };
    (await manager.take(CHECKPOINT))._unsafeUnwrap();
    expect(told).toEqual([deadlineMs]);
  });

  it('ends a store that hangs, and unpins at once', async () => {
    const { manager, source, clock, store } = setUp({ deadlineMs: 1_000 });
    const { save } = store;
    store.save = (backup, options) =>
      save.call(store, { ...backup, segmentFiles: backup.segmentFiles.map(hanging) }, options);
    const taking = manager.take(CHECKPOINT);
    await clock.advance(500);
    expect(source.pinned).toBe(1);
    expect(await statusOf(manager)).toMatchObject({ statusCode: 'IN_PROGRESS', progress: { filesTotal: 2 } });
    await clock.advance(500);
    expect((await taking)._unsafeUnwrapErr().name).toBe('DeadlineExceeded');
    expect(source.pinned).toBe(0);
    await clock.advance(200_000);
    expect((await statusOf(manager)).statusCode).toBe('FAILED');
  });

  it('is called off by close, which waits for the pins', async () => {
    const { manager, source, clock, store } = setUp();
    const { save } = store;
    store.save = (backup, options) =>
      save.call(store, { ...backup, segmentFiles: backup.segmentFiles.map(hanging) }, options);
    const taking = manager.take(CHECKPOINT);
    await clock.advance(10);
    await manager.close();
    await manager.close();
    expect(source.pinned).toBe(0);
    expect((await taking)._unsafeUnwrapErr().name).toBe('Aborted');
    expect((await manager.take(CHECKPOINT))._unsafeUnwrapErr().name).toBe('Aborted');
  });
});

const hanging = <T extends { readonly name: string }>(file: T): T => ({
  ...file,
  async *open() {
    await new Promise(() => {});
  },
});

describe('a store that is not there', () => {
  it('fails the backup and nothing else, and the status says what is known', async () => {
    const { manager, source, store } = setUp();
    await store.close();
    const failed = (await manager.take(CHECKPOINT))._unsafeUnwrapErr();
    expect(failed.name).toBe('Aborted');
    expect(source.pinned).toBe(0);
    expect((await manager.status(CHECKPOINT.checkpointId)).isErr()).toBe(true);
  });

  it('is contained when it throws instead of giving a Result', async () => {
    const { manager, source, store } = setUp();
    store.list = () => {
      throw new TypeError('not a function');
    };
    expect((await manager.take(CHECKPOINT))._unsafeUnwrapErr().name).toBe('StoreFailure');
    expect((await manager.list())._unsafeUnwrapErr().name).toBe('StoreFailure');
    expect(source.pinned).toBe(0);
  });
});

describe('a new leader', () => {
  const orphan = async (
    id: number,
    options: { store: InMemoryBackupStore; clock: ManualClock; term: bigint },
  ) => {
    const { manager, store } = setUp({ ...options, nodeId: 0 });
    const { save } = store;
    store.save = (backup, call) =>
      save.call(store, { ...backup, segmentFiles: backup.segmentFiles.map(hanging) }, call);
    void manager.take({ checkpointId: checkpointId(id), position: logPosition(3) });
    await options.clock.advance(1);
    store.save = save.bind(store);
  };

  it('settles all that earlier leaders left unfinished, not only the last, and leaves newer terms alone', async () => {
    const clock = new ManualClock();
    const store = new InMemoryBackupStore({ clusterId: 'test' }, { clock });
    await orphan(3, { store, clock, term: 1n });
    await orphan(4, { store, clock, term: 2n });
    await orphan(5, { store, clock, term: 9n });
    const { manager } = setUp({ store, clock, term: 3n, nodeId: 1 });
    expect((await manager.settleOrphans())._unsafeUnwrap()).toBe(2);
    const listed = (await manager.list())._unsafeUnwrap();
    expect(listed.map((row) => [Number(row.id.checkpointId), row.statusCode])).toEqual([
      [5, 'IN_PROGRESS'],
      [4, 'FAILED'],
      [3, 'FAILED'],
    ]);
    expect(listed[1]?.failureReason).toContain('leader changed: term 2 to 3');
    expect((await manager.settleOrphans())._unsafeUnwrap()).toBe(0);
  });
});

describe('deleting', () => {
  it('deletes what is completed, and what is not there', async () => {
    const { manager } = setUp();
    await manager.take(CHECKPOINT);
    expect((await manager.delete(CHECKPOINT.checkpointId)).isOk()).toBe(true);
    expect((await statusOf(manager)).statusCode).toBe('DOES_NOT_EXIST');
    expect((await manager.delete(CHECKPOINT.checkpointId)).isOk()).toBe(true);
  });

  it('calls off the attempt that is running, and leaves nothing of it', async () => {
    const { manager, source, clock, store } = setUp();
    const { save } = store;
    store.save = (backup, options) =>
      save.call(store, { ...backup, segmentFiles: backup.segmentFiles.map(hanging) }, options);
    const taking = manager.take(CHECKPOINT);
    await clock.advance(10);
    expect((await manager.delete(CHECKPOINT.checkpointId)).isOk()).toBe(true);
    expect((await taking)._unsafeUnwrapErr().name).toBe('Aborted');
    await clock.advance(300_000);
    expect((await statusOf(manager)).statusCode).toBe('DOES_NOT_EXIST');
    expect(source.pinned).toBe(0);
  });
});
