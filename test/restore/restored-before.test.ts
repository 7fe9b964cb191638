// A restore that is asked for again, as each start of a node asks for it: of the same backup there is nothing to do.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errAsync } from 'neverthrow';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/core/errors.ts';
import { checkpointId } from '../../src/core/ids.ts';
import type { RestoreEvent } from '../../src/ports/telemetry.ts';
import { RestoreManager, type RestoreSettings } from '../../src/restore/restore-manager.ts';
import { isRestoredFrom } from '../../src/restore/restored-before.ts';
import { DirectoryRestoreTarget } from '../../src/runtime/directory-restore-target.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { filesBelow, NOTE, SEVEN, ShelfStore, sampleBackups, sampleOrigin } from './sample-backups.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tidemark-restored-'));
});
afterEach(() => rm(directory, { recursive: true }));

class DeadStore extends ShelfStore {
  override list = () => errAsync(new StoreUnavailable('list', 'down'));
}

function manager(settings: Partial<RestoreSettings> = {}, store = new ShelfStore(sampleBackups())) {
  const events: RestoreEvent[] = [];
  const target = new DirectoryRestoreTarget({ directory });
  const components = {
    store,
    target,
    clock: new ManualClock(),
    logger: silentLogger,
    observer: (event: RestoreEvent) => void events.push(event),
  };
  const all = { partitionIds: [1, 2], partitionsCount: 2, ...settings };
  return { events, restoring: new RestoreManager(components, all) };
}

describe('a second restore of the same backup', () => {
  it('has nothing to do, whatever the broker has written since, and asks no store', async () => {
    (await manager().restoring.restore(SEVEN))._unsafeUnwrap();
    await writeFile(join(directory, '.topology.meta'), 'of the broker');
    await writeFile(join(directory, 'partitions/1/log/log-1'), 'grown by the broker');
    await rm(join(directory, 'partitions/2/snapshots'), { recursive: true });
    const before = await filesBelow(directory);

    const { restoring, events } = manager({}, new DeadStore([]));
    const report = (await restoring.restore(SEVEN))._unsafeUnwrap();
    expect(report).toMatchObject({ checkpointId: SEVEN, location: directory, files: 0, bytes: 0 });
    expect(report.alreadyRestored).toMatchObject({
      backupId: SEVEN,
      partitions: sampleOrigin().partitions,
      restoredAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(events).toEqual([]);
    expect(await filesBelow(directory)).toEqual(before);
  });

  it('has nothing to do on a node without partitions either, once its broker has written', async () => {
    (await manager({ partitionIds: [] }).restoring.restore(SEVEN))._unsafeUnwrap();
    expect(await readdir(join(directory, 'partitions'))).toEqual([NOTE]);
    await writeFile(join(directory, '.topology.meta'), 'of the broker');
    const report = (await manager({ partitionIds: [] }).restoring.restore(SEVEN))._unsafeUnwrap();
    expect(report.alreadyRestored).toMatchObject({ partitions: [] });
  });

  it('is the first one where the note was no note', async () => {
    (await manager().restoring.restore(SEVEN))._unsafeUnwrap();
    await writeFile(join(directory, 'partitions', NOTE), 'something else');
    const error = (await manager().restoring.restore(SEVEN))._unsafeUnwrapErr();
    expect(error).toMatchObject({ name: 'DataDirectoryNotEmpty', found: ['partitions'] });
    expect(error.message).not.toContain('it was restored');
  });
});

describe('a restore over what came from elsewhere is refused and says from where', () => {
  it('another backup', async () => {
    (await manager().restoring.restore(SEVEN))._unsafeUnwrap();
    const eight = checkpointId(8);
    const backups = sampleBackups().map((backup) => ({
      ...backup,
      id: { ...backup.id, checkpointId: eight },
    }));
    const { restoring } = manager({}, new ShelfStore(backups));
    const error = (await restoring.restore(eight))._unsafeUnwrapErr();
    expect(error.name).toBe('DataDirectoryNotEmpty');
    expect(error.message).toMatch(
      /it was restored from backup 7, partitions \[1,2\], at 20.*nothing was changed/,
    );
  });

  it.each<[string, Partial<RestoreSettings>, string]>([
    ['other partitions', { partitionIds: [1] }, 'partitions [1,2]'],
    ['another cluster', { clusterId: 'b' }, 'backup 7 of cluster a,'],
  ])('%s', async (_, settings, told) => {
    (await manager({ clusterId: 'a' }).restoring.restore(SEVEN))._unsafeUnwrap();
    const error = (await manager(settings).restoring.restore(SEVEN))._unsafeUnwrapErr();
    expect(error.name).toBe('DataDirectoryNotEmpty');
    expect(error.message).toContain(told);
  });
});

describe('what counts as the same', () => {
  const wanted = { from: { backupId: SEVEN }, partitionIds: [2, 1, 2], clusterId: undefined };
  const time = '2026-11-24T06:00:00Z';
  it.each([
    ['the backup', sampleOrigin(), wanted, true],
    ['a point within it', sampleOrigin({ checkpointId: checkpointId(6) }), wanted, false],
    ['a time that came to it', sampleOrigin({ time }), wanted, true],
    ['a cluster that is told now only', sampleOrigin(), { ...wanted, clusterId: 'a' }, true],
    [
      'the same time',
      sampleOrigin({ time }),
      { ...wanted, from: { time: '2026-11-24T07:00:00+01:00' } },
      true,
    ],
    ['another time', sampleOrigin({ time }), { ...wanted, from: { time: '2026-11-24T06:00:01Z' } }, false],
    ['a time where a backup was asked for', sampleOrigin(), { ...wanted, from: { time } }, false],
    ['what is no time', sampleOrigin({ time: 'x' }), { ...wanted, from: { time: 'x' } }, false],
  ])('%s', (_, origin, now, same) => {
    expect(isRestoredFrom(origin, now)).toBe(same);
  });
});
