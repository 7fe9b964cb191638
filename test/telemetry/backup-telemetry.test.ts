// What the real engines and stores do, as the real SDK of OpenTelemetry has it.
import { SpanStatusCode } from '@opentelemetry/api';
import { errAsync, okAsync, ResultAsync } from 'neverthrow';
import {
  type BackupStore,
  bytesFile,
  CheckpointProcessor,
  type CheckpointState,
  checkpointId,
  logPosition,
  PartitionBackupManager,
  RetentionManager,
  StoreUnavailable,
  silentLogger,
} from 'tidemark';
import { InMemoryBackupStore } from 'tidemark/memory';
import { MemoryObjectStorage, RetryingStorage, TidemarkBackupStore } from 'tidemark/objects';
import { FaultyStorage, type ManualClock } from 'tidemark/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RestoreManager } from '../../src/restore/restore-manager.ts';
import { setUp as setUpRestore } from '../restore/set-up.ts';
import { setUpTelemetry } from './set-up.ts';

const HOUR = 3_600_000;
const at = (id: number): CheckpointState => ({ checkpointId: checkpointId(id), position: logPosition(1) });

interface Broker {
  failOnRelease?: boolean;
  /** Time that `reserve` and each read of the file take. */
  slowMs?: number;
  bytes?: number;
}

/** A leader of partition 1 with telemetry, over a store that may be another one's as well. */
function lead(
  store: BackupStore,
  telemetry: ReturnType<typeof setUpTelemetry>,
  { failOnRelease = false, slowMs = 0, bytes = 8 }: Broker = {},
) {
  const { clock } = telemetry;
  const partition = telemetry.telemetry.partition(1, store);
  const file = bytesFile('log-1', Buffer.alloc(bytes, 'x'));
  const source = {
    async reserve() {
      if (slowMs > 0) await clock.sleep(slowMs);
      const segment = { name: 'log-1', firstPosition: logPosition(1), lastPosition: logPosition(1) };
      const release = async () => {
        if (failOnRelease) throw new Error('stuck');
      };
      return { snapshots: [], segments: [{ ...segment, upTo: async () => file }], release };
    },
  };
  const manager = new PartitionBackupManager(
    { store, source, clock, logger: silentLogger, observer: partition.backups },
    { nodeId: 0, partitionId: 1, term: 1n, numberOfPartitions: 1, brokerVersion: '1' },
  );
  onTestFinished(async () => {
    await manager.close();
    await partition.close();
  });
  return { manager, partition };
}

const memoryStore = (clock: ManualClock) => new InMemoryBackupStore({ clusterId: 'a' }, { clock });
const P1 = { partition: 1 };

describe('age of the newest backup', () => {
  it('grows from the beginning of the backup, and says when there is none', async () => {
    const telemetry = setUpTelemetry();
    const { clock, value } = telemetry;
    const { manager } = lead(memoryStore(clock), telemetry);
    await clock.advance(0);
    expect(await value('tidemark.backup.missing', P1)).toBe(1);
    expect(await value('tidemark.backup.age.seconds', P1)).toBeUndefined();
    (await manager.take(at(1)))._unsafeUnwrap();
    await clock.advance(2 * HOUR);
    expect(await value('tidemark.backup.missing', P1)).toBe(0);
    expect(await value('tidemark.backup.age.seconds', P1)).toBe(7200);
    (await manager.take(at(2)))._unsafeUnwrap();
    expect(await value('tidemark.backup.age.seconds', P1)).toBe(0);
  });

  it('survives a restart', async () => {
    const before = setUpTelemetry();
    const store = memoryStore(before.clock);
    (await lead(store, before).manager.take(at(1)))._unsafeUnwrap();
    await before.clock.advance(HOUR);
    const after = setUpTelemetry(before.clock);
    lead(store, after);
    await before.clock.advance(HOUR);
    expect(await after.value('tidemark.backup.age.seconds', P1)).toBe(7200);
  });

  it('goes back to the backup before when the newest is deleted', async () => {
    const telemetry = setUpTelemetry();
    const { clock, value } = telemetry;
    const { manager } = lead(memoryStore(clock), telemetry);
    for (const id of [1, 2]) {
      (await manager.take(at(id)))._unsafeUnwrap();
      await clock.advance(HOUR);
    }
    expect(await value('tidemark.backup.age.seconds', P1)).toBe(3600);
    (await manager.delete(checkpointId(2)))._unsafeUnwrap();
    await clock.advance(0);
    expect(await value('tidemark.backup.age.seconds', P1)).toBe(7200);
    (await manager.delete(checkpointId(1)))._unsafeUnwrap();
    await clock.advance(0);
    expect(await value('tidemark.backup.missing', P1)).toBe(1);
    expect(await value('tidemark.backup.age.seconds', P1)).toBeNaN();
    expect(await value('tidemark.backup.deletes', { ...P1, result: 'completed' })).toBe(2);
  });

  it('has no value while the store is down, keeps nobody waiting, and asks again after a minute', async () => {
    const telemetry = setUpTelemetry();
    const { clock, value, warnings } = telemetry;
    let asked = 0;
    let isDown = true;
    const list: BackupStore['list'] = () => {
      asked += 1;
      return isDown ? errAsync(new StoreUnavailable('list', 'down')) : okAsync({ backups: [] });
    };
    telemetry.telemetry.partition(1, { list });
    await clock.advance(30_000);
    expect(await value('tidemark.backup.missing', P1)).toBeUndefined();
    expect([asked, warnings.length]).toEqual([1, 1]);
    isDown = false;
    await clock.advance(30_000);
    expect(await value('tidemark.backup.missing', P1)).toBeUndefined();
    await clock.advance(0);
    expect(await value('tidemark.backup.missing', P1)).toBe(1);
    expect(asked).toBe(2);
  });

  it('does not forget a backup that completes while the listing is read', async () => {
    const telemetry = setUpTelemetry();
    const { clock, value } = telemetry;
    const gate = Promise.withResolvers<void>();
    const list: BackupStore['list'] = () =>
      ResultAsync.fromSafePromise(gate.promise).map(() => ({ backups: [] }));
    const partition = telemetry.telemetry.partition(1, { list });
    const id = { checkpointId: checkpointId(1), partitionId: 1, nodeId: 0 };
    partition.backups({ type: 'completed', id, outcome: 'completed', durationMs: 0 });
    gate.resolve();
    await clock.advance(1000);
    expect(await value('tidemark.backup.age.seconds', P1)).toBe(1);
  });

  it('is looked up when the backup turns out to be there already', async () => {
    const telemetry = setUpTelemetry();
    const { clock, value, points } = telemetry;
    const store = memoryStore(clock);
    const { manager } = lead(store, telemetry);
    await clock.advance(0);
    const other = setUpTelemetry(clock);
    (await lead(store, other).manager.take(at(1)))._unsafeUnwrap();
    await clock.advance(HOUR);
    expect((await manager.take(at(1)))._unsafeUnwrap()).toBe('already-completed');
    await clock.advance(0);
    expect(await value('tidemark.backup.age.seconds', P1)).toBe(3600);
    expect(await value('tidemark.backup.attempts', { ...P1, result: 'already_completed' })).toBe(1);
    expect(await points('tidemark.backup.duration.seconds')).toEqual([]);
  });

  it('is shown no more when the leadership ends', async () => {
    const telemetry = setUpTelemetry();
    const { clock, points } = telemetry;
    const { partition } = lead(memoryStore(clock), telemetry);
    await clock.advance(0);
    expect(await points('tidemark.backup.missing')).toHaveLength(1);
    await partition.close();
    await partition.close();
    expect(await points('tidemark.backup.missing')).toEqual([{ attributes: P1, value: Number.NaN }]);
    lead(memoryStore(clock), telemetry);
    await clock.advance(0);
    expect(await points('tidemark.backup.missing')).toEqual([{ attributes: P1, value: 1 }]);
    expect(await points('tidemark.backup.missing')).toEqual([{ attributes: P1, value: 1 }]);
    await telemetry.telemetry.close();
    await telemetry.telemetry.close();
  });
});

describe('an attempt', () => {
  it('is counted with its bytes, phases and spans', async () => {
    const telemetry = setUpTelemetry();
    const { clock, value, points, spans } = telemetry;
    const { manager } = lead(memoryStore(clock), telemetry, { slowMs: 2000, bytes: 500 });
    const taking = manager.take(at(1));
    await clock.advance(1000);
    expect(await value('tidemark.backup.running', P1)).toBe(1);
    await clock.advance(1000);
    (await taking)._unsafeUnwrap();
    expect(await value('tidemark.backup.running', P1)).toBe(0);
    expect(await value('tidemark.backup.attempts', { ...P1, result: 'completed' })).toBe(1);
    expect(await value('tidemark.backup.attempts', { ...P1, result: 'failed' })).toBe(0);
    expect(await value('tidemark.backup.bytes', { ...P1, source: 'new' })).toBe(500);
    const phases = await points('tidemark.backup.phase.seconds');
    expect(phases.map(({ attributes }) => attributes.phase)).toEqual(['reserve', 'upload', 'publish']);
    expect(phases[0]?.value).toMatchObject({ count: 1, sum: 2 });
    expect(await value('tidemark.backup.duration.seconds', P1)).toMatchObject({ count: 1, sum: 2 });

    const second = manager.take(at(2));
    await clock.advance(2000);
    (await second)._unsafeUnwrap();
    expect(await value('tidemark.backup.bytes', { ...P1, source: 'reused' })).toBe(500);
    expect(await value('tidemark.backup.bytes', { ...P1, source: 'new' })).toBe(500);

    const [reserve, upload, publish, attempt] = spans();
    expect([reserve, upload, publish, attempt].map((span) => span?.name)).toEqual([
      'tidemark.backup.reserve',
      'tidemark.backup.upload',
      'tidemark.backup.publish',
      'tidemark.backup',
    ]);
    for (const child of [reserve, upload, publish])
      expect(child?.parentSpanContext?.spanId).toBe(attempt?.spanContext().spanId);
    expect(attempt?.attributes).toMatchObject({
      'tidemark.checkpoint.id': '1',
      'tidemark.partition.id': 1,
      'tidemark.node.id': 0,
      'tidemark.result': 'completed',
      'tidemark.bytes.new': 500,
    });
    expect(reserve?.duration).toEqual([2, 0]);
    expect(attempt?.duration).toEqual([2, 0]);
    expect(attempt?.startTime[0]).toBe(Date.UTC(2026, 0, 1) / 1000);
  });

  it('that fails names the error, and the phase in which it was', async () => {
    const telemetry = setUpTelemetry();
    const { clock, value, points, spans } = telemetry;
    const store = memoryStore(clock);
    store.save = (_backup, options) => {
      const progress = { filesDone: 0, filesTotal: 1, bytesTotal: 8 };
      options?.onProgress?.({ ...progress, bytesDone: 4, bytesReused: 2, bytesUnread: 2 });
      options?.onProgress?.({ ...progress, bytesDone: 7, bytesReused: 5, bytesUnread: 4 });
      return errAsync(new StoreUnavailable('save', 'down'));
    };
    const { manager } = lead(store, telemetry);
    expect((await manager.take(at(1))).isErr()).toBe(true);
    expect(await value('tidemark.backup.attempts', { ...P1, result: 'failed' })).toBe(1);
    expect(await value('tidemark.backup.failures', { ...P1, 'error.type': 'StoreUnavailable' })).toBe(1);
    expect(await value('tidemark.backup.bytes', { ...P1, source: 'new' })).toBe(2);
    expect(await value('tidemark.backup.bytes', { ...P1, source: 'reused' })).toBe(1);
    expect(await value('tidemark.backup.bytes', { ...P1, source: 'unread' })).toBe(4);
    const phases = await points('tidemark.backup.phase.seconds');
    expect(phases.map(({ attributes }) => [attributes.phase, attributes.result])).toEqual([
      ['reserve', 'failed'],
      ['upload', 'failed'],
    ]);
    const attempt = spans().at(-1);
    expect(attempt?.status.code).toBe(SpanStatusCode.ERROR);
    expect(attempt?.attributes).toMatchObject({
      'error.type': 'StoreUnavailable',
      'tidemark.bytes.new': 2,
      'tidemark.bytes.reused': 1,
      'tidemark.bytes.unread': 4,
    });
  });

  it('tells of its pauses', async () => {
    const telemetry = setUpTelemetry();
    const { clock, value } = telemetry;
    const store = memoryStore(clock);
    store.save = (_backup, options) => {
      const progress = { filesDone: 0, filesTotal: 1, bytesDone: 0, bytesTotal: 8, bytesReused: 0 };
      for (const throttledMs of [0, 500, 1500]) options?.onProgress?.({ ...progress, throttledMs });
      return okAsync(undefined);
    };
    (await lead(store, telemetry).manager.take(at(1)))._unsafeUnwrap();
    expect(await value('tidemark.backup.throttled.seconds', P1)).toBe(1.5);
  });

  it('shows how long files are pinned, and goes on when they could not be released', async () => {
    const telemetry = setUpTelemetry();
    const { clock, value } = telemetry;
    const store = memoryStore(clock);
    const save = store.save.bind(store);
    store.save = (...call) => ResultAsync.fromSafePromise(clock.sleep(60_000)).andThen(() => save(...call));
    const good = lead(store, telemetry).manager.take(at(1));
    await clock.advance(45_000);
    expect(await value('tidemark.backup.pin.age.seconds', P1)).toBe(45);
    await clock.advance(15_000);
    (await good)._unsafeUnwrap();
    expect(await value('tidemark.backup.pin.age.seconds', P1)).toBe(0);

    const stuck = setUpTelemetry(clock);
    const bad = lead(store, stuck, { failOnRelease: true }).manager.take(at(2));
    await clock.advance(60_000);
    (await bad)._unsafeUnwrap();
    await clock.advance(HOUR);
    expect(await stuck.value('tidemark.backup.pin.age.seconds', P1)).toBe(3660);
  });
});

describe('what else is told', () => {
  it('counts checkpoints, not their replays', async () => {
    const { telemetry, value, clock } = setUpTelemetry();
    const partition = telemetry.partition(2, memoryStore(clock));
    let kept: CheckpointState | undefined;
    const put = (next: CheckpointState) => {
      kept = next;
    };
    const state = { get: () => kept, put };
    const processor = new CheckpointProcessor({ state, observer: partition.checkpoints });
    const event = processor.process({ checkpointId: checkpointId(3), position: logPosition(1) });
    processor.process({ checkpointId: checkpointId(3), position: logPosition(2) });
    processor.replay(event);
    expect(await value('tidemark.checkpoints', { partition: 2, result: 'created' })).toBe(1);
    expect(await value('tidemark.checkpoints', { partition: 2, result: 'ignored' })).toBe(1);
  });

  it('counts what a store sends again, by operation and reason', async () => {
    const { telemetry, value, clock } = setUpTelemetry();
    const faulty = new FaultyStorage({ storage: new MemoryObjectStorage({ clock }), clock });
    const random = { fraction: () => 0 };
    const storage = new RetryingStorage({ storage: faulty, clock, random, observer: telemetry.store });
    faulty.on('put').fail(new StoreUnavailable('put', 'x', Object.assign(new Error(), { name: 'SlowDown' })));
    faulty
      .on('put')
      .fail(new StoreUnavailable('put', 'x', Object.assign(new Error(), { code: 'ECONNRESET' })));
    const put = storage.put('a', new Uint8Array(1));
    await clock.advance(1000);
    (await put)._unsafeUnwrap();
    expect(await value('tidemark.store.retries', { operation: 'put', reason: 'throttled' })).toBe(1);
    expect(await value('tidemark.store.retries', { operation: 'put', reason: 'network' })).toBe(1);
  });

  it('tells what the retention decided and deleted, and what a sweep found and freed', async () => {
    const telemetry = setUpTelemetry();
    const { clock, value } = telemetry;
    const components = {
      clock,
      storage: new MemoryObjectStorage({ clock }),
      observer: telemetry.telemetry.store,
    };
    const store = new TidemarkBackupStore(components, { clusterId: 'a', chunkSizeBytes: 1024 });
    for (const id of [1, 2, 3]) {
      (await lead(store, telemetry, { bytes: 100 * id }).manager.take(at(id)))._unsafeUnwrap();
      await clock.advance(HOUR);
    }
    const retention = new RetentionManager(
      { store, clock, observer: telemetry.telemetry.retention },
      { policy: { keepLast: 2 }, partitionsCount: 1 },
    );
    (await retention.prune({ dryRun: true }))._unsafeUnwrap();
    expect(await value('tidemark.retention.backups', { reason: 'SURPLUS' })).toBeUndefined();
    (await retention.prune())._unsafeUnwrap();
    expect(await value('tidemark.retention.backups', { reason: 'SURPLUS' })).toBe(1);
    expect(await value('tidemark.retention.backups', { reason: 'NEWEST' })).toBe(1);
    expect(await value('tidemark.retention.deletes')).toBe(1);
    (await retention.prune())._unsafeUnwrap();
    expect(await value('tidemark.retention.backups', { reason: 'SURPLUS' })).toBe(0);
    expect(await value('tidemark.retention.runs', { result: 'completed' })).toBe(2);

    await clock.advance(3 * HOUR);
    (await store.sweep())._unsafeUnwrap();
    expect(await value('tidemark.sweep.runs', { result: 'completed' })).toBe(1);
    expect(await value('tidemark.sweep.freed.bytes', P1)).toBe(100);
    expect(await value('tidemark.sweep.chunk.bytes', { ...P1, state: 'in_use' })).toBe(500);
    (await store.sweep({ gracePeriodMs: 1 }))._unsafeUnwrapErr();
    expect(await value('tidemark.sweep.runs', { result: 'failed' })).toBe(1);
  });

  it('tells how far a restore is and how it ended', async () => {
    const { telemetry, value, spans } = setUpTelemetry();
    const { store, target, clock } = setUpRestore();
    const manager = new RestoreManager(
      { store, target, clock, logger: silentLogger, observer: telemetry.restore },
      { partitionIds: [1, 2], partitionsCount: 2 },
    );
    (await manager.restore(checkpointId(7)))._unsafeUnwrap();
    expect(await value('tidemark.restore.runs', { result: 'completed' })).toBe(1);
    expect(await value('tidemark.restore.done.bytes', { partition: 2 })).toBe(42);
    expect(await value('tidemark.restore.total.bytes', { partition: 2 })).toBe(42);
    expect((await manager.restore(checkpointId(8))).isErr()).toBe(true);
    expect(await value('tidemark.restore.runs', { result: 'failed' })).toBe(1);
    expect(spans().map(({ name, status }) => [name, status.code])).toEqual([
      ['tidemark.restore', SpanStatusCode.UNSET],
      ['tidemark.restore', SpanStatusCode.ERROR],
    ]);
    expect(spans()[0]?.attributes['tidemark.bytes']).toBe(84);
  });

  it('wraps a verification, and gives what it gives', async () => {
    const { telemetry, value, spans } = setUpTelemetry();
    const id = { checkpointId: checkpointId(7), partitionId: 1 };
    const report = { restorable: false, findings: [] };
    expect((await telemetry.verify(id, () => okAsync(report)))._unsafeUnwrap()).toBe(report);
    const error = new StoreUnavailable('get', 'down');
    expect((await telemetry.verify(id, () => errAsync(error)))._unsafeUnwrapErr()).toBe(error);
    expect(await value('tidemark.verify.runs', { result: 'damaged' })).toBe(1);
    expect(await value('tidemark.verify.runs', { result: 'failed' })).toBe(1);
    expect(spans().map(({ name }) => name)).toEqual(['tidemark.verify', 'tidemark.verify']);
  });

  it('counts what came of a schedule, from zero where that is an alarm', async () => {
    const { telemetry, value } = setUpTelemetry();
    const skipped = { task: 'backup', result: 'skipped' };
    expect(await value('tidemark.schedule.events', skipped)).toBe(0);
    telemetry.schedule({ type: 'skipped', slotMs: 1 });
    telemetry.schedule({ type: 'cleaned', slotMs: 1, deleted: [] });
    const error = new StoreUnavailable('list', 'down');
    telemetry.schedule({ type: 'failed', job: 'cleanup', slotMs: 1, error, retryInMs: 1 });
    expect(await value('tidemark.schedule.events', skipped)).toBe(1);
    expect(await value('tidemark.schedule.events', { task: 'cleanup', result: 'completed' })).toBe(1);
    expect(await value('tidemark.schedule.events', { task: 'cleanup', result: 'failed' })).toBe(1);
  });

  it('tells of a delete with a span', async () => {
    const telemetry = setUpTelemetry();
    const { manager } = lead(memoryStore(telemetry.clock), telemetry);
    (await manager.delete(checkpointId(9)))._unsafeUnwrap();
    expect(telemetry.spans().map(({ name }) => name)).toEqual(['tidemark.delete']);
  });

  it('does nothing when no SDK is set up', async () => {
    const { BackupTelemetry } = await import('tidemark/telemetry');
    const { clock } = setUpTelemetry();
    const telemetry = new BackupTelemetry({ clock, logger: silentLogger });
    const store = memoryStore(clock);
    const plain = { ...setUpTelemetry(clock), telemetry };
    (await lead(store, plain).manager.take(at(1)))._unsafeUnwrap();
    await telemetry.close();
  });
});
