import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkpointId } from '../../src/core/ids.ts';
import { SECOND, SNAPSHOT_ID } from '../zeebe/sample-partition.ts';
import { type CliWorld, makeWorld, type Outcome } from './cli-world.ts';
import { makeZeebeBucket, type ZeebeBucket } from './zeebe-world.ts';

let world: CliWorld;
let bucket: ZeebeBucket;
beforeEach(async () => {
  world = await makeWorld();
  bucket = await makeZeebeBucket();
});
afterEach(async () => {
  await bucket.close();
  await world.remove();
});

function run(...argv: string[]): Promise<Outcome> {
  return world.run(argv, { env: bucket.env(world.dataDirectory) });
}

describe("a bucket in Zeebe's layout", () => {
  it('is listed, told of and deleted from', async () => {
    await bucket.save();
    await bucket.save(checkpointId(10), [1]);
    expect((await run('list')).stdout).toMatch(/^BACKUP .*\n10 +INCOMPLETE +1\/2 .*\n7 +COMPLETED +2\/2 /);
    expect((await run('status', '7')).stdout).toMatch(
      /^backup 7: COMPLETED\n[\s\S]*\n2 +COMPLETED +0 .* 6 +3-3-2-9223372036854775807-0 +8\.6\.0\n$/,
    );
    expect((await run('delete', '10')).code).toBe(0);
    expect((await run('list', '--json')).json()).toMatchObject({ backups: [{ backupId: 7n }] });
    expect((await run('status', '10')).code).toBe(11);
  });

  it("is restored into Zeebe's directories, with the log cut behind the checkpoint", async () => {
    await bucket.save();
    const { code, stderr } = await run('restore', '7');
    expect(stderr).toContain('partition 2: the copy of node 0, up to position 6');
    expect(code).toBe(0);
    const partition = join(world.dataDirectory, 'raft-partition/partitions/2');
    expect((await readdir(partition)).sort()).toEqual([
      'raft-partition-partition-2-8.log',
      'raft-partition-partition-2-9.log',
      'snapshots',
    ]);
    expect((await readdir(join(partition, 'snapshots'))).sort()).toEqual([
      SNAPSHOT_ID,
      `${SNAPSHOT_ID}.checksum`,
    ]);
    const log = await readFile(join(partition, 'raft-partition-partition-2-9.log'));
    const end = SECOND.offsets[2] ?? 0;
    expect(log.subarray(0, end)).toEqual(Buffer.from(SECOND.bytes.subarray(0, end)));
    expect(log.subarray(end).every((byte) => byte === 0)).toBe(true);
  });

  it('is restored by the partitions that are named, where the cluster has fixed ones', async () => {
    await bucket.save();
    const env = {
      ...bucket.env(world.dataDirectory),
      ZEEBE_BROKER_EXPERIMENTAL_PARTITIONING_SCHEME: 'fixed',
    };
    const unnamed = await world.run(['restore', '7'], { env });
    expect(unnamed.code).toBe(2);
    expect(unnamed.stderr).toContain('name the partitions of this node with --partitions');
    for (const wrong of ['3', '0', '1,', 'all']) {
      expect((await world.run(['restore', '7', '--partitions', wrong], { env })).code).toBe(2);
    }
    expect((await world.run(['restore', '7', '--partitions', '2'], { env })).code).toBe(0);
    expect(await readdir(join(world.dataDirectory, 'raft-partition/partitions'))).toEqual(['2']);
  });

  it('is not restored when it is damaged', async () => {
    await bucket.save();
    await bucket.delete('2/7/0/segments/raft-partition-partition-2-9.log');
    const { code, stderr } = await run('restore', '7');
    expect(code).toBe(14);
    expect(stderr).toContain('2/7/0/segments/raft-partition-partition-2-9.log is missing');
    expect(await readdir(world.dataDirectory).catch(() => [])).toEqual([]);
  });
});
