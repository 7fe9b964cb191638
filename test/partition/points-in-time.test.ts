// What a backup tells of the points in its log: which checkpoints it names, and from which snapshot they reach.
import {
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
import { afterEach, describe, expect, it } from 'vitest';
import { POINTS_PER_BACKUP_MAX } from '../../src/core/limits.ts';
import { pointsInLog } from '../../src/partition/points-in-log.ts';

const at = (id: number, position: number, type: CheckpointState['type'] = 'marker'): CheckpointState => ({
  checkpointId: checkpointId(id),
  position: logPosition(position),
  type,
  timestamp: 1_000 * id,
});
const OWN = at(9, 90, 'backup');
const ids = (points: ReturnType<typeof pointsInLog>) => points?.map((point) => Number(point.checkpointId));

describe('the points in a log', () => {
  it('lie strictly above the snapshot, and end with the backup itself', () => {
    const known = [at(1, 10), at(2, 20), at(3, 30, 'backup'), OWN, at(10, 100)];
    expect(ids(pointsInLog(known, logPosition(20), OWN))).toEqual([3, 9]);
    expect(ids(pointsInLog(known, logPosition(19), OWN))).toEqual([2, 3, 9]);
    expect(ids(pointsInLog([], logPosition(0), OWN))).toEqual([9]);
  });

  it('have a type and a time; one without a time is none', () => {
    const { timestamp: _, ...timeless } = at(2, 20);
    const untyped = { ...at(3, 30), type: undefined };
    expect(pointsInLog([timeless, untyped], logPosition(0), OWN)).toEqual([
      { checkpointId: 3n, position: 30n, type: 'backup', timestamp: '1970-01-01T00:00:03.000Z' },
      { checkpointId: 9n, position: 90n, type: 'backup', timestamp: '1970-01-01T00:00:09.000Z' },
    ]);
    expect(pointsInLog([at(2, 20)], logPosition(0), { ...OWN, timestamp: undefined })).toBeUndefined();
  });

  it('are the newest where there are too many', () => {
    const many = Array.from({ length: POINTS_PER_BACKUP_MAX + 5 }, (_, index) => at(index + 1, index + 1));
    const own = at(many.length + 1, many.length + 1, 'backup');
    const points = ids(pointsInLog(many, logPosition(0), own));
    expect(points).toHaveLength(POINTS_PER_BACKUP_MAX);
    expect([points?.[0], points?.at(-1)]).toEqual([7, many.length + 1]);
  });

  it('come in the order of the log', () => {
    expect(() => pointsInLog([at(2, 30), at(3, 20)], logPosition(0), OWN)).toThrow(/3 at 20 comes after 2/);
    expect(() => pointsInLog([at(3, 20), at(2, 30)], logPosition(0), OWN)).toThrow(/2 at 30 comes after 3/);
  });
});

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

function setUp(checkpoints: readonly CheckpointState[] | undefined, reachingTo?: number) {
  const clock = new ManualClock();
  const store = new InMemoryBackupStore({ clusterId: 'test' }, { clock });
  let reserved = 0;
  const reserve = async (): Promise<PartitionReservation> => {
    reserved += 1;
    return {
      snapshots: [20, 60].map((position) => ({
        id: `snapshot-${position}`,
        position: logPosition(position),
        replayFrom: logPosition(position + 1),
        files: [bytesFile('state', Buffer.from('S'))],
      })),
      segments: [
        {
          name: 'log',
          firstPosition: logPosition(15),
          lastPosition: logPosition(120),
          upTo: async () => bytesFile('log', Buffer.from('L')),
        },
      ],
      ...(checkpoints === undefined ? {} : { checkpoints }),
      ...(reachingTo === undefined ? {} : { reachingTo: logPosition(reachingTo) }),
      release: async () => {},
    };
  };
  const manager = new PartitionBackupManager(
    { store, source: { reserve }, clock, logger: silentLogger },
    { nodeId: 0, partitionId: 1, term: 1n, numberOfPartitions: 1, brokerVersion: '1' },
  );
  opened.push(manager, store);
  const descriptor = async () => {
    const query = { checkpointId: OWN.checkpointId, details: true };
    return (await store.list(query))._unsafeUnwrap().backups[0]?.descriptor;
  };
  return { manager, store, descriptor, reserved: () => reserved };
}

describe('a backup', () => {
  const known = [at(1, 10), at(2, 30), at(3, 70), OWN, at(10, 100)];

  it('names the points above its snapshot, and the store gives them back', async () => {
    const { manager, descriptor } = setUp(known);
    expect((await manager.take(OWN))._unsafeUnwrap()).toBe('completed');
    const told = await descriptor();
    expect(told?.snapshotId).toBe('snapshot-60');
    expect(told?.checkpoints).toEqual([
      { checkpointId: 3n, position: 70n, type: 'marker', timestamp: '1970-01-01T00:00:03.000Z' },
      { checkpointId: 9n, position: 90n, type: 'backup', timestamp: '1970-01-01T00:00:09.000Z' },
    ]);
  });

  // Snapshots at 20 and 60, the log from 15 on.
  it.each([
    ['from the newest snapshot below', 61, 'snapshot-60', [3, 9]],
    ['and a snapshot at it is not below', 60, 'snapshot-20', [2, 3, 9]],
    ['from the oldest where none is below', 5, 'snapshot-20', [2, 3, 9]],
    ['and never into the future', 1_000, 'snapshot-60', [3, 9]],
  ])('reaches back as far as it is to, %s', async (_, reachingTo, snapshot, told) => {
    const { manager, descriptor } = setUp(known, reachingTo);
    await manager.take(OWN);
    expect((await descriptor())?.snapshotId).toBe(snapshot);
    expect(ids((await descriptor())?.checkpoints)).toEqual(told);
  });

  it('of a broker that keeps no list names none', async () => {
    const { manager, descriptor } = setUp(undefined);
    await manager.take(OWN);
    expect(await descriptor()).not.toHaveProperty('checkpoints');
  });

  it('of a broker that mixes them up fails, and says why', async () => {
    const { manager } = setUp([at(3, 70), at(2, 80)]);
    const failed = (await manager.take(OWN))._unsafeUnwrapErr();
    expect(failed).toMatchObject({ name: 'BrokerFailure', operation: 'reserve' });
    expect(failed.message).toContain('2 at 80 comes after 3');
  });
});

it('a marker takes no backup: nothing is pinned, nothing stored', async () => {
  const { manager, store, reserved } = setUp([]);
  expect((await manager.take(at(9, 90)))._unsafeUnwrap()).toBe('marker');
  expect(reserved()).toBe(0);
  expect((await store.list({}))._unsafeUnwrap().backups).toEqual([]);
});
