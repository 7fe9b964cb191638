import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { checkpointId, logPosition } from '../../src/core/ids.ts';
import { DirectoryRestoreTarget } from '../../src/runtime/directory-restore-target.ts';
import { defaultLayout, type RestoreLayout } from '../../src/runtime/restore-layout.ts';
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

/** The sample's logs as if each byte were a record: enough to be cut. */
const cutsBytes: RestoreLayout = {
  ...defaultLayout,
  truncate: ({ name, partitionId }, content, end) =>
    name === 'segment-2.log' ? null : take(content, Number(end) - partitionId),
};

async function* take(content: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of content) {
    yield chunk.subarray(0, left);
    left -= chunk.byteLength;
    // It stops early: the rest has to be read all the same.
    if (left <= 0) return;
  }
}

describeContract({ describe, it }, 'DirectoryRestoreTarget that cuts', restoreTargetContract, async () => {
  const { context, close } = await openDirectory('data');
  const directory = context.open().location;
  const sample = sampleRestore();
  const whole = await Promise.all(
    sample.map(({ segmentFiles: [first] }) => Array.fromAsync(first?.open() ?? [])),
  );
  return {
    context: {
      ...context,
      open: () => new DirectoryRestoreTarget({ directory }, undefined, cutsBytes),
      truncation: {
        checkpointId: checkpointId(6),
        ends: new Map(
          sample.map(({ id: { partitionId } }) => [partitionId, logPosition(50_000 + partitionId)]),
        ),
        segment: ({ name, partitionId }) =>
          name === 'segment-2.log'
            ? undefined
            : Buffer.concat(whole[partitionId - 1] ?? []).subarray(0, 50_000),
      },
    },
    close,
  };
});

describeContract({ describe, it }, 'DirectoryRestoreTarget over no directory', restoreTargetContract, () =>
  openDirectory('deep/in/data'),
);
