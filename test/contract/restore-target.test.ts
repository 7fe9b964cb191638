import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { DirectoryRestoreTarget } from '../../src/runtime/directory-restore-target.ts';
import { type ContractSubject, describeContract } from '../../src/testkit/contract.ts';
import {
  type RestoreTargetContext,
  restoreTargetContract,
  sampleRestore,
} from '../../src/testkit/restore-target-contract.ts';
import { layoutPath } from '../restore/sample-backups.ts';

/** A place under a new temporary directory: there already, or to be made by the restore. */
async function openDirectory(name: string): Promise<ContractSubject<RestoreTargetContext>> {
  const root = await mkdtemp(join(tmpdir(), 'tidemark-target-'));
  const directory = join(root, name);
  return {
    context: {
      open: () => new DirectoryRestoreTarget({ directory }),
      read: (file) => readFile(join(directory, layoutPath(file))).catch(() => undefined),
      names: () => readdir(root, { recursive: true }),
      async occupy() {
        await mkdir(directory, { recursive: true });
        await writeFile(join(directory, 'precious.txt'), 'precious');
      },
      sample: sampleRestore(),
    },
    close: () => rm(root, { recursive: true }),
  };
}

describeContract(
  { describe, it },
  'DirectoryRestoreTarget over an empty directory',
  restoreTargetContract,
  () => openDirectory(''),
);

describeContract({ describe, it }, 'DirectoryRestoreTarget over no directory', restoreTargetContract, () =>
  openDirectory('deep/in/data'),
);
