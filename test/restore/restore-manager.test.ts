import { errAsync, okAsync } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import {
  BackupCorrupt,
  BrokerFailure,
  RestoreTargetFailure,
  StoreUnavailable,
} from '../../src/core/errors.ts';
import { checkpointId, logPosition } from '../../src/core/ids.ts';
import type { RestoreProgress } from '../../src/core/restore-progress.ts';
import { expectedLayout, SEVEN, sampleBackup, statusOf, withContent } from './sample-backups.ts';
import { setUp } from './set-up.ts';

describe('restore', () => {
  it('brings all partitions of the node into place', async () => {
    const { backups, target, manager, log, clock } = setUp({ nodeId: 3 });
    const report = (await manager.restore(SEVEN))._unsafeUnwrap();
    expect(target.installed).toEqual(await expectedLayout(backups));
    expect(target.calls.filter((call) => call !== 'write')).toEqual([
      'occupants',
      'begin',
      'seal 1 snap-1',
      'seal 2 snap-2',
      'install',
    ]);
    expect(report).toMatchObject({ checkpointId: 7n, location: '/shelf', files: 8, bytes: 84 });
    expect(report.partitions.map((one) => [one.id.partitionId, one.files, one.bytes])).toEqual([
      [1, 4, 42],
      [2, 4, 42],
    ]);
    expect(log).toMatchObject([
      {
        level: 'info',
        message: 'Successfully restored broker from backup',
        fields: { nodeId: 3, partitionIds: [1, 2] },
      },
    ]);
    expect(clock.sleeping).toBe(0);
  });

  it('restores only the partitions of the node', async () => {
    const { target, manager } = setUp({ partitionIds: [2] });
    expect((await manager.restore(SEVEN))._unsafeUnwrap().partitions).toHaveLength(1);
    expect(Object.keys(target.installed ?? {}).every((path) => path.startsWith('partitions/2/'))).toBe(true);
  });

  it('restores a backup without a snapshot, and empty files', async () => {
    const { target, manager, backups } = setUp({}, { snapshot: false, fileSizeBytes: 0 });
    expect((await manager.restore(SEVEN)).isOk()).toBe(true);
    expect(target.installed).toEqual(await expectedLayout(backups));
    expect(target.installed?.['partitions/1/log/log-0']).toBe('');
  });

  it('succeeds with nothing for a node without partitions, and makes nothing', async () => {
    const { target, manager } = setUp({ partitionIds: [] });
    expect((await manager.restore(SEVEN))._unsafeUnwrap()).toMatchObject({
      partitions: [],
      files: 0,
      bytes: 0,
    });
    expect(target.calls).toEqual(['occupants']);
  });

  it('tells how far it is, and ends with everything', async () => {
    const { manager } = setUp();
    const seen: RestoreProgress[] = [];
    (await manager.restore(SEVEN, { onProgress: (progress) => seen.push(progress) }))._unsafeUnwrap();
    for (const [index, progress] of seen.entries()) {
      expect(progress).toMatchObject({ filesTotal: 8, bytesTotal: 84 });
      expect(progress.bytesDone).toBeGreaterThanOrEqual(seen[index - 1]?.bytesDone ?? 0);
      expect(progress.partitions.reduce((sum, one) => sum + one.bytesDone, 0)).toBe(progress.bytesDone);
    }
    const done = { filesDone: 4, filesTotal: 4, bytesDone: 42, bytesTotal: 42 };
    expect(seen.at(-1)).toMatchObject({
      filesDone: 8,
      bytesDone: 84,
      partitions: [
        { partitionId: 1, ...done },
        { partitionId: 2, ...done },
      ],
    });
    expect(seen[0]?.bytesDone).toBe(10);
  });

  it.each([
    [{ filesInFlight: 1 }, 1],
    [{ filesInFlight: 3 }, 3],
    [{ partitionsInFlight: 1 }, 4],
    [{}, 6],
  ])('writes at most so many files at the same time: %o', async (settings, most) => {
    const { target, manager } = setUp(settings);
    target.before = () => new Promise((resolve) => setImmediate(resolve));
    expect((await manager.restore(SEVEN)).isOk()).toBe(true);
    expect(target.mostWriting).toBe(most);
  });
});

describe('plan', () => {
  it('tells the copies and touches nothing', async () => {
    const { target, store, manager } = setUp();
    const { copies } = (await manager.plan(SEVEN))._unsafeUnwrap();
    expect(copies.map((copy) => copy.id.partitionId)).toEqual([1, 2]);
    expect(target.calls).toEqual([]);
    expect(store.opened).toEqual([]);
  });

  it('passes on what the store says', async () => {
    const { store, manager } = setUp();
    store.list = () => errAsync(new StoreUnavailable('list', 'down'));
    expect((await manager.plan(SEVEN))._unsafeUnwrapErr().name).toBe('StoreUnavailable');
    store.list = () => {
      throw new TypeError('broken');
    };
    expect((await manager.plan(SEVEN))._unsafeUnwrapErr().name).toBe('StoreFailure');
  });
});

describe('refuses before any data is touched', () => {
  it('a backup that is not there, or not complete', async () => {
    const { target, manager, store } = setUp();
    expect((await manager.restore(checkpointId(8)))._unsafeUnwrapErr().name).toBe('BackupNotFound');
    store.rows = store.rows.slice(0, 1);
    expect((await manager.restore(SEVEN))._unsafeUnwrapErr().name).toBe('BackupIncomplete');
    expect(target.calls).toEqual([]);
  });

  it('an incomplete partition that is not even of this node', async () => {
    const { manager, store } = setUp({ partitionIds: [1] });
    store.rows = store.rows.slice(0, 1);
    expect((await manager.restore(SEVEN))._unsafeUnwrapErr().name).toBe('BackupIncomplete');
  });

  it('a place that is not empty', async () => {
    const { target, manager, store } = setUp();
    target.occupied = ['precious'];
    const error = (await manager.restore(SEVEN))._unsafeUnwrapErr();
    expect(error).toMatchObject({ name: 'DataDirectoryNotEmpty', directory: '/shelf', found: ['precious'] });
    expect(target.calls).toEqual(['occupants']);
    expect(store.opened).toEqual([]);
  });

  const another = (change: object) => {
    const backup = sampleBackup(2);
    return { ...backup, descriptor: { ...backup.descriptor, ...change } };
  };
  const second = sampleBackup(2);
  const twice = [second.segmentFiles[0]!, second.segmentFiles[0]!];
  it.each([
    ['of another partition', { ...second, id: { ...second.id, partitionId: 1 } }, 'BackupCorrupt'],
    ['of another node', { ...second, id: { ...second.id, nodeId: 4 } }, 'BackupCorrupt'],
    [
      'of another checkpoint',
      { ...second, id: { ...second.id, checkpointId: checkpointId(6) } },
      'BackupCorrupt',
    ],
    ['with another position than listed', another({ checkpointPosition: logPosition(1) }), 'BackupCorrupt'],
    ['with another snapshot than listed', another({ snapshotId: 'x' }), 'BackupCorrupt'],
    ['of another number of partitions', another({ numberOfPartitions: 3 }), 'PartitionCountMismatch'],
    [
      'with a path for a name',
      { ...second, segmentFiles: [{ ...twice[0]!, name: '../x' }] },
      'BackupCorrupt',
    ],
    ['with a name twice', { ...second, segmentFiles: twice }, 'BackupCorrupt'],
  ])('a manifest %s', async (_, opened, name) => {
    const { target, manager, store } = setUp();
    store.open = (id) => okAsync(id.partitionId === 1 ? sampleBackup(1) : opened);
    const error = (await manager.restore(SEVEN))._unsafeUnwrapErr();
    expect(error.name).toBe(name);
    if (name === 'BackupCorrupt') expect(error.message).toContain('backupId=7 partition=2 node=0');
    expect(target.calls).toEqual(['occupants']);
  });

  it.each([
    ['a path for a snapshot id', { snapshotId: '../../etc' }],
    ['snapshot files and no snapshot', { snapshotId: null }],
  ])('a manifest with %s', async (_, change) => {
    const { target, manager, store } = setUp();
    const backup = another(change);
    store.backups = [sampleBackup(1), backup];
    store.rows = store.backups.map(statusOf);
    expect((await manager.restore(SEVEN))._unsafeUnwrapErr().name).toBe('BackupCorrupt');
    expect(target.calls).toEqual(['occupants']);
  });

  it('a manifest that cannot be read', async () => {
    const { target, manager, store } = setUp();
    store.open = () => errAsync(new BackupCorrupt('manifest', 'cut'));
    expect((await manager.restore(SEVEN))._unsafeUnwrapErr().name).toBe('BackupCorrupt');
    expect(target.calls).toEqual(['occupants']);
  });
});

describe('a failure on the way', () => {
  it.each([
    ['a damaged file', new BackupCorrupt('chunk 1', 'changed'), 'BackupCorrupt'],
    ['a store that went away', new StoreUnavailable('get', 'down'), 'StoreUnavailable'],
    ['a store that throws', new TypeError('x is not a function'), 'StoreFailure'],
  ])('%s is told as it is, and the staging is discarded', async (_, thrown, name) => {
    const { backups, store, target, manager, log } = setUp();
    const [first, ...rest] = backups[0]!.segmentFiles;
    const broken = withContent(first!, async function* () {
      yield Buffer.from('log-');
      throw thrown;
    });
    store.backups[0] = { ...backups[0]!, segmentFiles: [broken, ...rest] };
    const error = (await manager.restore(SEVEN))._unsafeUnwrapErr();
    expect(error.name).toBe(name);
    expect(target.calls.at(-1)).toBe('discard while 0 write');
    expect(target.staged).toBeUndefined();
    expect(target.installed).toBeUndefined();
    expect(log).toMatchObject([{ level: 'error', message: 'the restore failed' }]);
  });

  it.each([
    ['fewer', 'log-0'],
    ['more', 'log-0 of 1 log-0 of 1'],
  ])('a file with %s bytes than it said is damage', async (_, text) => {
    const { backups, store, target, manager } = setUp();
    const [first, ...rest] = backups[0]!.segmentFiles;
    const wrong = withContent(first!, async function* () {
      yield Buffer.from(text);
    });
    store.backups[0] = { ...backups[0]!, segmentFiles: [wrong, ...rest] };
    expect((await manager.restore(SEVEN))._unsafeUnwrapErr()).toMatchObject({
      name: 'BackupCorrupt',
      object: 'log-0',
    });
    expect(target.installed).toBeUndefined();
  });

  it.each(['occupants', 'begin', 'write', 'seal', 'install'] as const)(
    'a target that throws in %s',
    async (step) => {
      const { target, manager } = setUp();
      target.before = (now) => {
        if (now === step) throw new Error('no space');
      };
      const error = (await manager.restore(SEVEN))._unsafeUnwrapErr();
      expect(error.name).toBe('RestoreTargetFailure');
      expect(error.message).toContain('no space');
      expect(target.installed).toBeUndefined();
      const staged = step !== 'occupants' && step !== 'begin';
      expect(target.calls.filter((call) => call.startsWith('discard'))).toHaveLength(staged ? 1 : 0);
    },
  );

  it.each([
    new RestoreTargetFailure('write', 'disk full'),
    new BrokerFailure('seal', 'no record at the checkpoint'),
    new BackupCorrupt('log', 'ends before the checkpoint'),
  ])('that a target names itself is passed on: $name', async (thrown) => {
    const { target, manager } = setUp();
    target.before = (step) => {
      if (step === 'seal') throw thrown;
    };
    expect((await manager.restore(SEVEN))._unsafeUnwrapErr()).toBe(thrown);
  });

  it('of one file stops the others, and nothing is sealed', async () => {
    const { target, manager } = setUp({ filesInFlight: 1 }, { files: 50 });
    target.before = (step, file) => {
      if (step === 'write' && file?.name === 'state-3') throw new Error('no space');
    };
    expect((await manager.restore(SEVEN)).isErr()).toBe(true);
    expect(target.calls.filter((call) => call === 'write').length).toBeLessThan(6);
    expect(target.calls.some((call) => call.startsWith('seal'))).toBe(false);
  });

  it('is not hidden by a discard that fails too', async () => {
    const { target, manager, log } = setUp();
    target.before = (step) => {
      if (step === 'seal') throw new Error('first');
      if (step === 'discard') throw new Error('second');
    };
    expect((await manager.restore(SEVEN))._unsafeUnwrapErr().message).toContain('first');
    expect(log.map((line) => line.message)).toEqual([
      'could not remove what the failed restore had written; the next restore removes it',
      'the restore failed',
    ]);
  });

  it('is noticed when a target does not read a file to its end', async () => {
    const { backups, store, manager, target } = setUp();
    const begin = target.begin.bind(target);
    target.begin = async () => ({ ...(await begin()), write: async () => {} });
    store.backups = [...backups];
    expect((await manager.restore(SEVEN))._unsafeUnwrapErr().name).toBe('RestoreTargetFailure');
    expect(target.installed).toBeUndefined();
  });
});
