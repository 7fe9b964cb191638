// What verify says of several copies, and of copies that should not be there, is what a restore then does.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PartitionBackup } from '../../src/core/backup.ts';
import { logPosition } from '../../src/core/ids.ts';
import { buildSegment, segmentFile } from '../zeebe/build-log.ts';
import { FIRST } from '../zeebe/sample-partition.ts';
import { type CliWorld, makeWorld, type Outcome } from './cli-world.ts';
import { makeZeebeBucket, type ZeebeBucket, zeebeBackup } from './zeebe-world.ts';

let world: CliWorld;
let bucket: ZeebeBucket;
beforeEach(async () => {
  world = await makeWorld();
  bucket = await makeZeebeBucket();
  await bucket.save();
});
afterEach(async () => {
  await bucket.close();
  await world.remove();
});

function run(...argv: string[]): Promise<Outcome> {
  return world.run(argv, { env: bucket.env(world.dataDirectory) });
}

async function save(backup: PartitionBackup): Promise<void> {
  const store = bucket.open();
  (await store.save(backup))._unsafeUnwrap();
  await store.close();
}

/** Of the same checkpoint, one record earlier. */
function earlier(nodeId: number): PartitionBackup {
  const backup = zeebeBackup(1);
  const { bytes } = buildSegment({
    id: 2,
    index: 5,
    position: 5,
    records: [[{ create: 7 }], [{ other: 'e' }]],
  });
  return {
    ...backup,
    id: { ...backup.id, nodeId },
    descriptor: { ...backup.descriptor, checkpointPosition: logPosition(5) },
    segmentFiles: [segmentFile(1, 8, FIRST.bytes), segmentFile(1, 9, bytes)],
  };
}

describe('of two copies with different positions', () => {
  beforeEach(() => save(earlier(1)));

  it('the one that a restore takes decides, and the other is warned of', async () => {
    const verified = await run('verify', '7', '--json');
    expect(verified.json()).toMatchObject({
      restorable: true,
      copies: [
        { partitionId: 1n, nodeId: 0n, findings: [] },
        {
          partitionId: 1n,
          nodeId: 1n,
          findings: [
            {
              severity: 'warning',
              object: 's3://backups/1/7/1/manifest.json',
              what: 'it ends at position 5, and the copy of node 0 at position 6',
              whatRestoreWouldDo: 'it takes the copy of node 0',
            },
          ],
        },
        { partitionId: 2n, findings: [] },
      ],
    });
    expect(verified.code).toBe(0);
    const restored = await run('restore', '7');
    expect(restored.stderr).toContain('partition 1: the copy of node 0, up to position 6');
    expect(restored.code).toBe(0);
  });

  it('damage of the one that is not taken is told, and the backup can be restored', async () => {
    await bucket.delete('1/7/1/snapshot/CURRENT');
    const verified = await run('verify', '7', '--json');
    expect(verified.json()).toMatchObject({ restorable: true, error: { name: 'BackupCorrupt' } });
    expect(verified.code).toBe(14);
    expect((await run('restore', '7')).code).toBe(0);
  });

  it('damage of the one that is taken makes both fail', async () => {
    await bucket.delete('1/7/0/snapshot/CURRENT');
    expect((await run('verify', '7', '--json')).json()).toMatchObject({ restorable: false });
    expect((await run('restore', '7')).code).toBe(14);
  });
});

it('copies of clusters of another size are refused by both', async () => {
  const backup = zeebeBackup(1);
  const descriptor = { ...backup.descriptor, numberOfPartitions: 3 };
  await save({ ...backup, descriptor, id: { ...backup.id, nodeId: 1 } });
  const verified = await run('verify', '7');
  expect(verified.stdout).toContain('backup 7: cannot be restored');
  expect(verified.stdout).toContain(
    'it says that its cluster has 3 partitions, and that of partition 1 by node 0',
  );
  expect(verified.code).toBe(14);
  expect((await run('restore', '7')).code).toBe(13);
});

describe.each(['whole', 'damaged', 'failed'])('a copy of partition 10 that is %s', (how) => {
  beforeEach(async () => {
    await save(zeebeBackup(10));
    if (how === 'damaged') await bucket.delete('10/7/0/snapshot/CURRENT');
    if (how !== 'failed') return;
    const text = new TextDecoder().decode(await bucket.get('10/7/0/manifest.json'));
    await bucket.put('10/7/0/manifest.json', new TextEncoder().encode(text.replace('completed', 'failed')));
  });

  const warning =
    'tidemark: warning: ignored a copy of a partition that the cluster has not: ' +
    'backupId=7 partition=10 node=0; its partitions are 1 to 2\n';

  it('is ignored by verify, with a warning', async () => {
    const verified = await run('verify', '7', '--json');
    expect(verified.json()).toMatchObject({
      restorable: true,
      copies: [
        { findings: [] },
        { findings: [] },
        { partitionId: 10n, findings: [{ severity: 'warning', whatRestoreWouldDo: 'it ignores this copy' }] },
      ],
    });
    expect(verified.code).toBe(0);
  });

  it('is ignored by restore, with a warning', async () => {
    const restored = await run('restore', '7');
    expect(restored.stderr).toContain(warning);
    expect(restored.code).toBe(0);
  });

  it('is ignored by copy, with a warning', async () => {
    const { dataDirectory, directory } = world;
    const env = bucket.env(dataDirectory);
    const target = join(directory, 'target');
    await mkdir(target);
    const s3 = Object.entries(env)
      .filter(([name]) => name.startsWith('ZEEBE_BROKER_DATA_BACKUP_S3_'))
      .map(
        ([name, value]) => `${name.slice('ZEEBE_BROKER_DATA_BACKUP_S3_'.length).toLowerCase()}: "${value}"`,
      );
    const from = `zeebe.broker: { cluster.partitionsCount: 2, data.backup: { store: S3, format: zeebe, s3: { ${s3.join(', ')} } } }`;
    await writeFile(join(directory, 'from.yaml'), from);
    await writeFile(
      join(directory, 'to.yaml'),
      `zeebe.broker.data.backup: { store: FILESYSTEM, filesystem.basePath: "${target}" }`,
    );
    const argv = ['copy', '7', '--from', 'from.yaml', '--to', 'to.yaml'];
    const copied = await world.run([...argv, '--json'], { env: {} });
    expect(copied.stderr).toContain(warning);
    expect(copied.json()).toMatchObject({ copies: [{ partitionId: 1n }, { partitionId: 2n }] });
    expect(copied.json()).not.toMatchObject({ copies: [{}, {}, {}] });
    expect(copied.code).toBe(0);
  });
});
