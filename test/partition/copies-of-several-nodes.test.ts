// A partition whose copies belong to several nodes, are damaged, or end while something else happens to them.
import {
  bytesFile,
  checkpointId,
  logPosition,
  type PartitionBackup,
  PartitionBackupManager,
  silentLogger,
} from 'tidemark';
import { describe, expect, it } from 'vitest';
import { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import { TidemarkBackupStore } from '../../src/stores/tidemark/tidemark-backup-store.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { GatedFile, sampleBackup } from '../../src/testkit/sample-backups.ts';
import { type Fate, ScriptedStorage } from '../stores/scripted-storage.ts';

function setUp() {
  const clock = new ManualClock();
  const storage = new MemoryObjectStorage({ clock });
  const scripted = new ScriptedStorage(storage);
  const store = new TidemarkBackupStore({ storage: scripted, clock });
  const gate = new GatedFile('log-0');
  const gated = {
    name: gate.name,
    firstPosition: logPosition(1),
    lastPosition: logPosition(1),
    upTo: async () => gate,
  };
  const managerOf = (nodeId: number) =>
    new PartitionBackupManager(
      {
        store,
        source: {
          reserve: async () => ({ snapshots: [], segments: [gated, segment], release: async () => {} }),
        },
        clock,
        logger: silentLogger,
      },
      { nodeId, partitionId: 1, term: 2n, numberOfPartitions: 1, brokerVersion: '1.0' },
    );
  return { clock, storage, scripted, store, gate, manager: managerOf(1) };
}

const segment = {
  name: 'log-1',
  firstPosition: logPosition(2),
  lastPosition: logPosition(3),
  upTo: async () => bytesFile('log-1', Buffer.from('abc')),
};

describe('a listing', () => {
  it('says of the copy of another node what the store says, not how the own attempt fared', async () => {
    const { store, manager } = setUp();
    const gate = new GatedFile('gated');
    const other: PartitionBackup = sampleBackup({ nodeId: 0, snapshotFiles: [], segmentFiles: [gate] });
    const saving = store.save(other);
    await gate.reached;
    const { checkpointId: id } = other.id;
    const taken = await manager.take({ checkpointId: id, position: logPosition(3) });
    expect(taken._unsafeUnwrapErr().name).toBe('BackupAlreadyExists');
    const rows = (await manager.list())._unsafeUnwrap();
    expect(rows.map((row) => [row.id.nodeId, row.statusCode])).toEqual([[0, 'IN_PROGRESS']]);
    gate.letThrough();
    await saving;
  });

  it('shows all others when the reason of a failed copy is damaged', async () => {
    const { store, storage, manager, gate } = setUp();
    gate.letThrough();
    const id = { checkpointId: checkpointId(3), partitionId: 1, nodeId: 0 };
    (await store.markFailed(id, 'why', { term: 1n }))._unsafeUnwrap();
    (await manager.take({ checkpointId: checkpointId(4), position: logPosition(3) }))._unsafeUnwrap();
    const page = (await storage.list('backups/'))._unsafeUnwrap();
    const failed = page.objects.find(({ key }) => key.includes('/failed.'))?.key ?? '';
    (await storage.put(failed, Buffer.from('{"format":1,')))._unsafeUnwrap();
    const rows = (await manager.list())._unsafeUnwrap();
    expect(rows.map((row) => [row.id.checkpointId, row.statusCode])).toEqual([
      [4n, 'COMPLETED'],
      [3n, 'FAILED'],
    ]);
    expect(rows[1]?.failureReason).toContain('damaged');
  });
});

describe('a delete', () => {
  it('waits for the last words of the save that it calls off, and leaves nothing of it', async () => {
    const { clock, storage, scripted, manager, gate } = setUp();
    const id = checkpointId(4);
    const taking = manager.take({ checkpointId: id, position: logPosition(1) });
    await gate.reached;
    scripted.script = async ({ key, operation }): Promise<Fate> => {
      if (operation === 'put' && key.includes('/failed.')) await clock.sleep(5_000);
      return 'done';
    };
    const deleting = manager.delete(id);
    await clock.advance(6_000);
    expect((await taking)._unsafeUnwrapErr().name).toBe('Aborted');
    expect((await deleting).isOk()).toBe(true);
    const left = (await storage.list(''))._unsafeUnwrap().objects.map(({ key }) => key);
    expect(left.filter((key) => /begun|failed|attempts/.test(key))).toEqual([]);
  });
});

describe('a failure that the store has recorded', () => {
  it('is not told any more by this process once somebody else has deleted it', async () => {
    const { store, manager } = setUp();
    const id = checkpointId(9);
    const beyond = await manager.take({ checkpointId: id, position: logPosition(50) });
    expect(beyond._unsafeUnwrapErr().name).toBe('BackupNotPossible');
    expect((await manager.status(id))._unsafeUnwrap().statusCode).toBe('FAILED');
    (await store.delete({ checkpointId: id, partitionId: 1, nodeId: 1 }))._unsafeUnwrap();
    expect((await manager.status(id))._unsafeUnwrap().statusCode).toBe('DOES_NOT_EXIST');
  });
});
