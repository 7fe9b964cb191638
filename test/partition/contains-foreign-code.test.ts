// What the embedder's code may do wrong without the manager losing an attempt, a pin, a timer or the process.
import {
  type BackupStore,
  bytesFile,
  type CheckpointState,
  checkpointId,
  logPosition,
  PartitionBackupManager,
  type PartitionReservation,
  silentLogger,
} from 'tidemark';
import { InMemoryBackupStore } from 'tidemark/memory';
import { ManualClock } from 'tidemark/testkit';
import { describe, expect, it } from 'vitest';

const CHECKPOINT: CheckpointState = { checkpointId: checkpointId(7), position: logPosition(3) };

function setUp(options: {
  observer?: () => void;
  reservation?: Partial<PartitionReservation>;
  wrap?: (store: BackupStore) => BackupStore;
  reserve?: () => Promise<PartitionReservation>;
}) {
  const clock = new ManualClock();
  const store = new InMemoryBackupStore({}, { clock });
  let pinned = 0;
  const reserve = async () => {
    pinned += 1;
    const segment = {
      name: 'log-1',
      firstPosition: logPosition(1),
      lastPosition: logPosition(3),
      upTo: async () => bytesFile('log-1', Buffer.from('abc')),
    };
    return {
      snapshots: [],
      segments: [segment],
      ...options.reservation,
      release: async () => {
        pinned -= 1;
      },
    };
  };
  const manager = new PartitionBackupManager(
    {
      store: options.wrap?.(store) ?? store,
      source: { reserve: options.reserve ?? reserve },
      clock,
      logger: silentLogger,
      observer: options.observer ?? (() => {}),
    },
    { nodeId: 0, partitionId: 1, term: 1n, numberOfPartitions: 1, brokerVersion: '1.0' },
  );
  return { clock, store, manager, pinned: () => pinned };
}

describe('an observer that throws', () => {
  it('disturbs no backup', async () => {
    const { manager, clock } = setUp({
      observer: () => {
        throw new Error('observer');
      },
    });
    expect((await manager.take(CHECKPOINT))._unsafeUnwrap()).toBe('completed');
    await manager.close();
    expect(clock.sleeping).toBe(0);
  });
});

describe('a reservation that is none', () => {
  it('ends the attempt as a BrokerFailure, and leaves no pin and no timer', async () => {
    const reservation = { segments: undefined as unknown as [] };
    const { manager, clock, pinned } = setUp({ reservation });
    expect((await manager.take(CHECKPOINT))._unsafeUnwrapErr().name).toBe('BrokerFailure');
    expect(pinned()).toBe(0);
    expect((await manager.status(CHECKPOINT.checkpointId))._unsafeUnwrap().statusCode).toBe('FAILED');
    await manager.close();
    expect(clock.sleeping).toBe(0);
  });
});

describe('a store that never answers', () => {
  it('does not keep the manager from closing when the failure of the broker cannot be recorded', async () => {
    const { manager, clock } = setUp({
      reserve: async () => {
        throw new Error('no snapshot');
      },
      wrap: (store) => ({
        ...store,
        capabilities: store.capabilities,
        list: (...call) => store.list(...call),
        markFailed: () => new Promise(() => {}) as never,
      }),
    });
    const taking = manager.take(CHECKPOINT);
    await clock.advance(0);
    const closing = manager.close();
    await clock.advance(60_000);
    expect(clock.sleeping).toBe(0);
    expect((await taking)._unsafeUnwrapErr().name).toBe('BrokerFailure');
    await closing;
    expect(clock.sleeping).toBe(0);
  });
});

describe('an attempt whose time is up', () => {
  const neverEnding = { name: 'log-1', sizeBytes: 3, open: () => hanging() };
  const segment = {
    name: 'log-1',
    firstPosition: logPosition(1),
    lastPosition: logPosition(3),
    upTo: async () => neverEnding,
  };

  it.each([
    ['before the store is asked', { reserve: () => new Promise<never>(() => {}) }],
    ['while the store saves', { reservation: { segments: [segment] } }],
  ])('%s, is FAILED in the store, and says that it took too long', async (_, options) => {
    const { manager, clock, store } = setUp(options);
    const taking = manager.take(CHECKPOINT);
    await clock.advance(2 * 60 * 60_000);
    expect((await taking)._unsafeUnwrapErr().name).toBe('DeadlineExceeded');
    await clock.advance(60_000);
    const rows = (await store.list({ details: true }))._unsafeUnwrap().backups;
    expect(rows.map((row) => row.statusCode)).toEqual(['FAILED']);
    expect(rows[0]?.failureReason).toContain('not done in time: operation=take backup');
    await manager.close();
    expect(clock.sleeping).toBe(0);
  });
});

async function* hanging(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('a');
  await new Promise(() => {});
}
