// The power goes at every single file operation of a restore. What is found afterwards is nothing or
// everything, and the restore can be run again.
import { describe, expect, it } from 'vitest';
import { RestoreManager } from '../../src/restore/restore-manager.ts';
import { DirectoryRestoreTarget } from '../../src/runtime/directory-restore-target.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { expectedLayout, SEVEN, ShelfStore, sampleBackups } from '../restore/sample-backups.ts';
import { PowerCutDisk } from './power-cut-disk.ts';

const DATA = '/srv/broker/data';
const BACKUPS = sampleBackups();
const EXPECTED = Object.fromEntries(
  Object.entries(await expectedLayout(BACKUPS)).map(([path, text]) => [`${DATA}/${path}`, text]),
);

async function emptyDisk(): Promise<PowerCutDisk> {
  const disk = new PowerCutDisk();
  await disk.makeDirectory('/srv');
  await disk.syncDirectory('/');
  return disk;
}

function restore(disk: PowerCutDisk) {
  const target = new DirectoryRestoreTarget({ directory: DATA }, disk);
  const components = {
    store: new ShelfStore(BACKUPS),
    target,
    clock: new ManualClock(),
    logger: silentLogger,
  };
  return new RestoreManager(components, { partitionIds: [1, 2], partitionsCount: 2 }).restore(SEVEN);
}

/** Whether the restored data is visible. Fails the test when only a part of it is. */
function isInstalled(disk: PowerCutDisk): boolean {
  const content = disk.content();
  const visible = Object.entries(content).filter(([path]) => path.startsWith(`${DATA}/partitions`));
  if (visible.length === 0) return false;
  expect(Object.fromEntries(visible)).toEqual(EXPECTED);
  return true;
}

const whole = await emptyDisk();
const before = whole.operations;
const wholeResult = await restore(whole);
const OPERATIONS = whole.operations - before;

describe('a restore into a directory', () => {
  it('leaves the data and nothing else', () => {
    expect(wholeResult.isOk()).toBe(true);
    expect(whole.content()).toEqual(EXPECTED);
  });

  it('is durable when it resolves', () => {
    expect(isInstalled(whole.afterPowerCut('lost'))).toBe(true);
  });
});

describe.each(['lost', 'kept', 'lost for files'] as const)(
  'when the power goes and unsynced names are %s',
  (names) => {
    it('leaves all or nothing at every operation, and can be run again', async () => {
      let rerun = 0;
      let installed = 0;
      for (let operation = 1; operation <= OPERATIONS; operation += 1) {
        const disk = await emptyDisk();
        disk.cutAt = disk.operations + operation;
        // Behind the rename an error of the clean-up is swallowed, so the result may be a success; the disk
        // tells.
        const first = await restore(disk);
        const next = disk.afterPowerCut(names);
        if (first.isOk()) expect(isInstalled(next)).toBe(true);
        if (isInstalled(next)) {
          installed += 1;
          expect((await restore(next))._unsafeUnwrapErr()).toMatchObject({ name: 'DataDirectoryNotEmpty' });
          continue;
        }
        rerun += 1;
        expect((await restore(next)).isOk()).toBe(true);
        expect(next.content()).toEqual(EXPECTED);
      }
      expect(rerun).toBeGreaterThan(50);
      expect(installed).toBeGreaterThan(0);
    });

    it('can lose the power again while it clears up what the first restore left', async () => {
      const disk = await emptyDisk();
      disk.cutAt = disk.operations + OPERATIONS - 10;
      await restore(disk);
      for (let operation = 1; operation <= 60; operation += 1) {
        const second = disk.afterPowerCut(names);
        if (isInstalled(second)) throw new Error('the first restore was to be cut before it ended');
        second.cutAt = operation;
        await restore(second);
        const third = second.afterPowerCut(names);
        if (isInstalled(third)) continue;
        expect((await restore(third)).isOk()).toBe(true);
        expect(third.content()).toEqual(EXPECTED);
      }
    });
  },
);

describe('when one operation fails and the power stays on', () => {
  it('reports it and leaves nothing, or succeeds with everything', async () => {
    let failed = 0;
    for (let operation = 1; operation <= OPERATIONS; operation += 1) {
      const disk = await emptyDisk();
      const untouched = disk.content();
      disk.failing.add(disk.operations + operation);
      const result = await restore(disk);
      if (result.isOk()) {
        expect(isInstalled(disk)).toBe(true);
        continue;
      }
      failed += 1;
      expect(result.error.name).toBe('RestoreTargetFailure');
      expect(disk.content()).toEqual(untouched);
    }
    expect(failed).toBeGreaterThan(50);
  });
});
